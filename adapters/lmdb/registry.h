// The registry of the directories that are open in this process. All LmdbCaches
// of one directory share one environment: LMDB must not open a directory twice
// in a process, because its locks belong to the process.

#ifndef APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
#define APPCACHE_ADAPTERS_LMDB_REGISTRY_H_

#include <cassert>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/lmdb/environment.h"
#include "appcache/error.h"

namespace appcache::lmdb {

struct OpenDirectory;

// A reference to an open environment. The last one closes it. Must not be
// destroyed in a child that was forked after it was acquired.
class EnvironmentRef {
 public:
  EnvironmentRef(EnvironmentRef&&) noexcept = default;
  EnvironmentRef& operator=(EnvironmentRef&&) = delete;
  ~EnvironmentRef();

  // REQUIRES: not moved from.
  Environment& operator*() const noexcept {
    assert(environment_ != nullptr);
    return *environment_;
  }
  Environment* operator->() const noexcept {
    assert(environment_ != nullptr);
    return environment_.get();
  }

 private:
  friend Result<EnvironmentRef> AcquireEnvironment(const std::string&, uint64_t,
                                                   std::chrono::milliseconds);
  // Takes over one count of the users of `directory`.
  EnvironmentRef(std::shared_ptr<OpenDirectory> directory,
                 std::shared_ptr<Environment> environment) noexcept;

  std::shared_ptr<OpenDirectory> directory_;  // null when moved from
  std::shared_ptr<Environment> environment_;
};

// The environment of `directory`, an absolute path; opens it unless this
// process has the directory open, under this name or another. kInvalidArgument
// when it is open with another max_bytes; kUnsupported in a child that was
// forked while it was open; kBusy when another thread is opening it for longer
// than busy_timeout; the errors of Environment::Open.
Result<EnvironmentRef> AcquireEnvironment(
    const std::string& directory, uint64_t max_bytes,
    std::chrono::milliseconds busy_timeout);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
