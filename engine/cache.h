// Cache: the one interface that every backend has.
//
//   struct UserKey {
//     using value_type = std::string;
//     int id;
//     void AppendTo(appcache::KeyPath& path) const {
//       path.Segment("user").Segment(id);
//     }
//   };
//
//   appcache::Status stored = cache.Set(UserKey{7}, "Ada",
//   std::chrono::hours(1)); if (auto name = cache.Get(UserKey{7})) std::cout <<
//   *name; std::string name = cache.GetVia(UserKey{7}, [] { return
//   ReadFromDb(7); });
//
// Reads return a Lookup (a hit, a miss, or a miss with an error), writes a
// Status. No function throws, but for GetVia, GetManyVia and SetVia, which let
// through what the user's loader or writer throws (and GetVia a LoadTimeout,
// when it is given a time limit). Running out of memory is an error like any
// other (kFull).
//
// To write a backend, implement the four raw operations, and call FinishLoads
// in the destructor (see "For backends" below); tools/examples/file_cache.h is
// a whole one. The rest comes for free, and the batches can be overridden where
// the backend has better ones.
//
// Thread safety: all of it, from any threads at once, unless a backend says
// otherwise. The object itself must outlive every call. Whether a forked child
// may go on using it each backend says.

#ifndef APPCACHE_ENGINE_CACHE_H_
#define APPCACHE_ENGINE_CACHE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/bytes.h"
#include "engine/cache_options.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "engine/key.h"
#include "engine/key_path.h"
#include "engine/load_options.h"
#include "engine/loaded.h"
#include "engine/loading/loads.h"
#include "engine/log.h"
#include "engine/lookup.h"
#include "engine/per_process.h"
#include "engine/serialiser.h"
#include "engine/stats.h"
#include "engine/traits.h"
#include "engine/ttl.h"
#include "engine/watch.h"

namespace appcache {

enum class Compression { kNone, kCompress };

// A value, and what is left of its ttl.
struct TimedBytes {
  Bytes value;
  Ttl left = kNoTtl;
};

template <CacheKey K, class Loader>
class ReadThrough;
template <CacheKey K, class Loader>
class BackgroundLoad;
template <CacheKey K>
class LeaderLoad;
template <CacheKey K, class Loader>
class ReadManyThrough;

class Cache {
 public:
  // One value of a batch.
  struct RawEntry {
    std::string_view path;
    std::string_view value;
    Ttl ttl = kNoTtl;
  };

  virtual ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // --- One entry, by key.

  // A hit, if there is an entry whose ttl has not ended. Errors: kCorrupt when
  // what is stored does not decompress or parse as the key's value_type;
  // kInvalidKey; and what the backend reports.
  template <CacheKey K>
  Lookup<typename K::value_type> Get(const K& key);

  // Stores `value` in place of whatever was there. On failure it is unknown
  // whether the old value, the new one or none is there, unless the backend
  // says more. A key whose namespace does not exist: nothing is stored, a
  // warning is logged, and the result is success.
  template <CacheKey K>
  Status Set(const K& key, const typename K::value_type& value,
             Ttl ttl = kNoTtl);

  // Removes the entry; success if there was none. A key whose namespace does
  // not exist: does nothing but log a warning.
  template <CacheKey K>
  Status Invalidate(const K& key);

  // --- One entry, by string: the path is the prefix and `key`.

  template <class V>
  Lookup<V> GetByStr(std::string_view key);

  template <class V>
  Status SetByStr(std::string_view key, const V& value, Ttl ttl = kNoTtl,
                  Compression compression = Compression::kNone);

  Status InvalidateByStr(std::string_view key);

  // --- What is left of the entry's ttl, rounded up; kNoTtl when it never ends.
  // A miss as Get's. Not a use, unless the backend says so. kUnsupported where
  // Traits().tells_ttl is false.

  template <CacheKey K>
  Lookup<Ttl> TtlOf(const K& key);
  Lookup<Ttl> TtlByStr(std::string_view key);

  // --- Through to the source.

  // The cached value; or, when there is none, `loader()`'s, which is stored
  // with options.ttl. A loader that returns a Loaded<V> (loaded.h) may also
  // give a ttl of its own, decline to have the value stored, or find that there
  // is none; then the result is a std::optional. Of all callers of this object
  // one loader runs per key at a time: callers who come meanwhile wait for it
  // and get its value, or its exception. A set or an invalidate of the key
  // through this object during a load wins: the loaded value is returned but
  // not stored. A failing cache costs a warning and a call of the loader, never
  // an error. Throws what `loader` throws, and then stores nothing.
  template <CacheKey K, class Loader>
  internal::LoadResult<typename K::value_type, Loader> GetVia(
      const K& key, Loader&& loader, const LoadOptions& options = {});

  // Calls `writer(value)`, then sets. When `writer` throws, that goes to the
  // caller and the cache is as it was. When the set fails, the entry is
  // invalidated, so that the old value does not outlive the write; the result
  // is the set's error.
  template <CacheKey K, class Writer>
  Status SetVia(const K& key, const typename K::value_type& value,
                Writer&& writer, Ttl ttl = kNoTtl);

  // --- Many entries: one round trip where the backend can.

  // One Lookup per key, in order.
  template <CacheKey K>
  std::vector<Lookup<typename K::value_type>> GetMany(std::span<const K> keys);

  // Success when every entry was stored; otherwise the first error, with the
  // others stored or not as the backend says.
  template <CacheKey K>
  Status SetMany(std::span<const std::pair<K, typename K::value_type>> entries,
                 Ttl ttl = kNoTtl);

  template <CacheKey K>
  Status InvalidateMany(std::span<const K> keys);

  // GetVia for many keys: one batch read, one call of `loader` with the keys
  // that are missing, as a std::span<const K> of copies, and one batch write.
  // The loader returns a std::vector<V> or std::vector<Loaded<V>>, one for each
  // key and in their order (another number: std::length_error is thrown); the
  // results are V or std::optional<V> accordingly, one per key, in order. Keys
  // that another caller loads are waited for, all in all max_wait; the loader
  // is called once more for those that do not come. When it throws, stale
  // values are returned if there is one for every key that it was called with;
  // otherwise the exception comes through, also another caller's. What options
  // says of the background and of locks does not apply.
  template <CacheKey K, class Loader>
  std::vector<internal::LoadManyResult<K, Loader>> GetManyVia(
      std::span<const K> keys, Loader&& loader,
      const LoadOptions& options = {});

  // --- Much of it, and all.

  // Removes every entry whose path begins with this cache's prefix and
  // `key_prefix`: "user/7/" removes "pyappcache/user/7/name", and "" what is
  // this cache's. An entry that is set meanwhile is removed or not. On failure
  // some may have been removed. kUnsupported where
  // Traits().invalidates_prefixes is false. A backend may walk all that it has:
  // where it is to be cheap, a namespace is (key.h).
  Status InvalidatePrefix(std::string_view key_prefix);

  // REMOVES EVERYTHING, IN MOST BACKENDS FOR EVERY USER OF IT, whatever the
  // prefix. Each backend says what that is.
  Status Clear();

  // Never fails; figures that cannot be had are left empty.
  CacheStats Stats() const;

  // What this backend is, and its limits. Asks nobody: free of errors and of
  // waiting.
  virtual BackendTraits Traits() const { return BackendTraits(); }

  // One round trip that changes nothing and is no use of an entry: the version
  // of what answers ("Redis 7.0.15"), or why it does not. Unless overridden, a
  // get of a key that a cache would not have, and no version.
  virtual Result<std::string> Ping();

  const std::string& prefix() const noexcept { return options_.prefix; }

  // --- For backends. `path` is a whole key path; values are opaque. These may
  // be called directly too: a tier does. They must not throw; an exception that
  // escapes one becomes kInternal (std::bad_alloc: kFull).

  // A hit unless the entry is missing or its ttl has ended.
  virtual Lookup<Bytes> GetRaw(std::string_view path) = 0;

  // `ttl` is zero (never ends) or within (0, kMaxTtl].
  virtual Status SetRaw(std::string_view path, std::string_view value,
                        Ttl ttl) = 0;

  // SetRaw, if there is no entry or its ttl has ended: true. Otherwise false,
  // and nothing is changed. Of all who add at once, one does. kUnsupported
  // where Traits().adds is false.
  virtual Result<bool> AddRaw(std::string_view path, std::string_view value,
                              Ttl ttl);

  // Success also when there is no such entry.
  virtual Status InvalidateRaw(std::string_view path) = 0;

  // See InvalidatePrefix. `path_prefix` is that of a whole path, and may be
  // empty.
  virtual Status InvalidatePrefixRaw(std::string_view path_prefix);

  virtual Status ClearRaw() = 0;

  // See TtlOf.
  virtual Lookup<Ttl> TtlRaw(std::string_view path);

  // GetRaw and TtlRaw of one moment, in one round trip. kUnsupported where
  // Traits().tells_ttl is false; a backend that tells ttls overrides both.
  virtual Lookup<TimedBytes> GetTimedRaw(std::string_view path);
  virtual std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths);

  // Has `listener`, which must outlive the watch, told what changes here
  // (watch.h), from the first successful link on; before that it tries, and
  // says nothing. kUnsupported unless the backend can tell, kInvalidArgument
  // when an option is out of range.
  virtual Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                                  WatchListener& listener);

  // The batches call the operations above one by one unless overridden.
  virtual std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths);
  virtual Status SetManyRaw(std::span<const RawEntry> entries);
  virtual Status InvalidateManyRaw(std::span<const std::string_view> paths);

 protected:
  explicit Cache(CacheOptions options);

  // Lets no further load begin in the background, and waits for those that have
  // (LoadOptions::executor): they call the operations above. Call it first in
  // the destructor of the class that implements these. Later calls do nothing.
  void FinishLoads() noexcept;

  // The backend's own counters; the ones of GetVia are added to them.
  virtual CacheStats RawStats() const { return CacheStats(); }

  const CacheOptions& options() const noexcept { return options_; }

  // The exception being handled, as a Status. Call in a catch block only.
  static Status CurrentException() noexcept;

  // What `operation()` returns, or, if it throws, that as a failure. R is a
  // Status, a Result or a Lookup.
  template <class R, class Operation>
  static R WithoutExceptions(const Operation& operation) noexcept {
    try {
      return operation();
    } catch (...) {
      if constexpr (requires { R::Failed(CurrentException()); }) {
        return R::Failed(CurrentException());
      } else {
        return CurrentException();
      }
    }
  }

  void Log(LogLevel level, std::string_view message) const noexcept;

 private:
  template <CacheKey K, class Loader>
  friend class ReadThrough;
  template <CacheKey K, class Loader>
  friend class BackgroundLoad;
  template <CacheKey K>
  friend class LeaderLoad;
  template <CacheKey K, class Loader>
  friend class ReadManyThrough;

  // What became of a key's namespace.
  struct Resolved {
    bool found = true;  // false: the namespace does not exist; or an error
    Status status;
  };

  // `read(path)` of the key's path, or a miss if its namespace does not exist.
  template <class V, CacheKey K, class ReadPath>
  Lookup<V> WithPath(const K& key, const ReadPath& read);

  template <class S, class V>
  static Lookup<V> ParseWith(const Lookup<Bytes>& raw);

  // Makes `path` the key's path. `path` holds nothing before.
  template <CacheKey K>
  Resolved Resolve(const K& key, KeyPath& path, int depth = 0);
  template <CacheKey K>
  Resolved ResolveNamespace(const K& namespace_key, KeyPath& path, int depth);

  template <CacheKey K>
  static Compression WantsCompression(const K& key,
                                      const typename K::value_type& value,
                                      std::string_view bytes);

  // GetRaw, and what it yields decompressed.
  Lookup<Bytes> Read(std::string_view path);
  Lookup<Bytes> Decompressed(Lookup<Bytes> raw) const;
  Lookup<TimedBytes> DecompressedTimed(Lookup<TimedBytes> raw) const;
  // Throws std::logic_error when a backend has not answered each of a batch.
  static void CheckAnswered(size_t asked, size_t answered);
  // `bytes` as they are to be stored; `compressed` owns them if they had to be
  // made.
  Result<std::string_view> Encode(std::string_view bytes,
                                  Compression compression,
                                  Bytes& compressed) const;
  // Checks, compresses, supersedes loads in progress, sets.
  Status Write(std::string_view path, std::string_view bytes, Ttl ttl,
               Compression compression);
  // The same for a value that a loader made: supersedes nothing.
  Status Store(std::string_view path, std::string_view bytes, Ttl ttl,
               Compression compression);
  // Stores what loaders made, and removes what they did not find. Logs what
  // fails.
  void StoreLoaded(std::span<const RawEntry> entries,
                   std::span<const std::string_view> removed);
  Status Remove(std::string_view path);
  Status WriteMany(std::span<const RawEntry> entries);
  Status RemoveMany(std::span<const std::string_view> paths);

  // GetTimedRaw, and what it yields decompressed.
  Lookup<TimedBytes> ReadTimed(std::string_view path);
  // As Traits() has it, which is asked once.
  bool TellsTtl();
  // The same of many. `results` has one for each path.
  void ReadMany(std::span<const std::string_view> paths, bool timed,
                std::vector<Lookup<TimedBytes>>& results);
  // TtlToStore (loading/staleness.h) for this cache.
  Result<Ttl> LoadTtl(Ttl ttl, const LoadOptions& options);
  TimePoint LoadNow() const noexcept { return options_.load_clock->Now(); }

  Status WarnNoNamespace(std::string_view operation) const;
  void WarnLoadNotStored(const Status& status) const noexcept;
  // Of the exception being handled. Call in a catch block only.
  void WarnBackgroundLoadFailed() const noexcept;

  const CacheOptions options_;
  PerProcess<Loads> loads_;
  enum class Told : char { kUnasked, kNo, kYes };
  std::atomic<Told> tells_ttl_{Told::kUnasked};
  LoadCounters load_counters_;
};

}  // namespace appcache

#include "engine/cache_inl.h"
#include "engine/loading/read_many_through.h"
#include "engine/loading/read_through.h"

#endif  // APPCACHE_ENGINE_CACHE_H_
