// Which directories are open in this process: so that all LmdbCaches of one
// share one environment. LMDB must not open a directory twice in a process: its
// locks are the process's.

#ifndef APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
#define APPCACHE_ADAPTERS_LMDB_REGISTRY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/lmdb/environment.h"
#include "engine/error.h"

namespace appcache::lmdb {

struct OpenDirectory;

// One user of an environment; the last one closes it. In a child that was
// forked meanwhile it releases nothing.
class EnvironmentUse {
 public:
  EnvironmentUse(EnvironmentUse&&) noexcept = default;
  EnvironmentUse& operator=(EnvironmentUse&&) = delete;
  ~EnvironmentUse();

  Environment& operator*() const noexcept { return *environment_; }
  Environment* operator->() const noexcept { return environment_.get(); }

 private:
  friend Result<EnvironmentUse> Acquire(const std::string&, uint64_t,
                                        std::chrono::milliseconds);
  // REQUIRES: the user is counted.
  EnvironmentUse(std::shared_ptr<OpenDirectory> directory,
                 std::shared_ptr<Environment> environment) noexcept;

  std::shared_ptr<OpenDirectory> directory_;  // null when moved from
  std::shared_ptr<Environment> environment_;
};

// The environment of `directory`, an absolute path, opened unless it is open,
// under whatever name. kInvalidArgument when it is open with another max_bytes;
// kUnsupported in a child that was forked while it was open; kBusy when another
// thread opens it for longer than busy_timeout; what Environment::Open says.
Result<EnvironmentUse> Acquire(const std::string& directory, uint64_t max_bytes,
                               std::chrono::milliseconds busy_timeout);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
