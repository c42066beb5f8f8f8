// FileCache: a cache that keeps each entry in a file of its own.
//
// An example of a backend: the four raw operations, and everything else of the
// interface comes for free. It is meant to be copied.
//
// A file is named by a hash of its entry's key path, so that any bytes are a
// key; it holds the path, the end of the ttl and the value. Two paths of one
// hash take turns: the one set last is there, the other is a miss; invalidating
// either removes it.
//
// Several processes may use one directory. An entry is replaced by renaming a
// finished file over it: a reader sees the old value or the new one. Nothing is
// synced: a power failure may leave a damaged file, which is kCorrupt until it
// is set again.
//
// There is no limit and no eviction: an entry whose ttl has ended is a miss,
// and its file stays until it is set, invalidated or cleared. A process that
// dies in the middle of a set leaves a file "*.tmp-XXXXXX" behind, which may be
// deleted.

#ifndef APPCACHE_TOOLS_EXAMPLES_FILE_CACHE_H_
#define APPCACHE_TOOLS_EXAMPLES_FILE_CACHE_H_

#include <memory>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/clock.h"

namespace examples {

// Thread safety: all of it, from any threads at once.
class FileCache final : public appcache::Cache {
 public:
  // `directory` is made if it does not exist; its parent must. Ttls are
  // measured with `clock`, which is not null.
  static appcache::Result<std::unique_ptr<FileCache>> Open(
      std::string directory, appcache::CacheOptions options = {},
      std::shared_ptr<const appcache::Clock> clock = appcache::Clock::Wall());

  // Loads in the background call the operations below: they end first.
  ~FileCache() override { FinishLoads(); }

  appcache::Lookup<appcache::Bytes> GetRaw(std::string_view path) override;
  appcache::Status SetRaw(std::string_view path, std::string_view value,
                          appcache::Ttl ttl) override;
  appcache::Status InvalidateRaw(std::string_view path) override;
  // Removes every entry in the directory, whatever the prefix, and no file that
  // is not an entry.
  appcache::Status ClearRaw() override;

  // Beside the four: what differs from the defaults.
  appcache::BackendTraits Traits() const override;

 private:
  FileCache(std::string directory, appcache::CacheOptions options,
            std::shared_ptr<const appcache::Clock> clock);

  // The file for the entry of `path`.
  std::string FileOf(std::string_view path) const;

  const std::string directory_;
  const std::shared_ptr<const appcache::Clock> clock_;
};

}  // namespace examples

#endif  // APPCACHE_TOOLS_EXAMPLES_FILE_CACHE_H_
