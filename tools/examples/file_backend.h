// FileBackend: a backend that keeps each entry in a file of its own.
//
// An example to copy from: it implements the four required operations, and
// Cache adds the rest of the interface.
//
// A file is named by a hash of the entry's key path, so a key may have any
// bytes. It holds the path, the expiry time and the value. Of two paths with
// the same hash, only the one that was set last is stored: the other is a miss,
// and invalidating either removes the file.
//
// Several processes may use one directory. A set writes a temporary file and
// renames it over the entry, so a reader sees either the old value or the new
// one. Nothing is synced: a power failure may leave a damaged file, which is
// kCorrupt until the entry is set again.
//
// There is no size limit and no eviction. An expired entry is a miss; its file
// stays until the entry is set, invalidated or cleared. A process that dies
// during a set leaves a file "*.tmp-XXXXXX", which may be deleted.

#ifndef APPCACHE_TOOLS_EXAMPLES_FILE_BACKEND_H_
#define APPCACHE_TOOLS_EXAMPLES_FILE_BACKEND_H_

#include <memory>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/clock.h"

namespace examples {

// Thread-safe. In a forked child it works as in the parent.
class FileBackend final : public appcache::Backend {
 public:
  // Creates `directory` if it does not exist. kUnavailable when that fails, as
  // it does when the parent does not exist, or when it is not a directory.
  static appcache::Result<std::shared_ptr<FileBackend>> Open(
      std::string directory,
      std::shared_ptr<const appcache::Clock> clock = appcache::Clock::Wall());

  // For a directory that exists. Expiry is measured with `clock`.
  // REQUIRES: clock != nullptr.
  explicit FileBackend(
      std::string directory,
      std::shared_ptr<const appcache::Clock> clock = appcache::Clock::Wall());

  appcache::Lookup<appcache::Bytes> GetRaw(std::string_view path) override;
  // On failure, the key holds its old value.
  appcache::Status SetRaw(std::string_view path, std::string_view value,
                          appcache::Ttl ttl) override;
  appcache::Status InvalidateRaw(std::string_view path) override;
  // Removes every entry in the directory, and no other file.
  appcache::Status ClearRaw() override;

  appcache::BackendTraits Traits() const override;

 private:
  // The file for the entry of `path`.
  std::string FileOf(std::string_view path) const;

  const std::string directory_;
  const std::shared_ptr<const appcache::Clock> clock_;
};

}  // namespace examples

#endif  // APPCACHE_TOOLS_EXAMPLES_FILE_BACKEND_H_
