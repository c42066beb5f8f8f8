// Cache: typed access to any backend.
//
//   struct UserKey {
//     using value_type = std::string;
//     int id;
//     void AppendTo(appcache::KeyPath& path) const {
//       path.Segment("user").Segment(id);
//     }
//   };
//
//   Status stored = cache.Set(UserKey{7}, "Ada", std::chrono::hours(1));
//   if (!stored.ok()) return Fail(stored.ToString());
//   if (auto name = cache.Get(UserKey{7})) std::cout << *name << '\n';
//   std::string name = cache.GetVia(UserKey{7}, [] { return ReadFromDb(7); });
//
// A Cache owns a Backend (backend.h), which stores bytes, and adds keys
// (key.h), serialisers (serialiser.h), compression (compressor.h) and loaders.
// SqliteCache, RedisCache and the others are Caches with a backend of their
// own, plus what only that backend has. To use a backend of yours, subclass
// Backend, implement four functions, and pass it to the constructor:
//
//   Cache cache(std::make_shared<MyBackend>());
//
// Reads return a Lookup: a hit, a miss, or a miss with an error. Writes return
// a Status. Functions do not throw, except that GetVia, GetManyVia, SetVia and
// Read pass on what the caller's loader, writer or visitor throws, and that
// GetVia throws LoadTimeout when it is given a time limit, and LoadCycle when
// loaders need each other. Exhausted memory is kFull.
//
// Thread safety: all functions may be called from any threads at once. The
// Cache must outlive every call. Its destructor waits for the loads that run in
// the background, then releases the backend.
//
// fork(): a Cache that was created before a fork may be used and destroyed in
// the child if its backend allows that. Loads in progress are the parent's: the
// child neither waits for them nor stores their values. (If a loader itself
// forks and returns in the child, its value is stored there.) In the child, the
// destructor leaks a backend that was created before the fork (backend.h).

#ifndef APPCACHE_CACHE_H_
#define APPCACHE_CACHE_H_

#include <exception>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "appcache/arguments.h"
#include "appcache/backend.h"
#include "appcache/bytes.h"
#include "appcache/cache_options.h"
#include "appcache/compressor.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/key.h"
#include "appcache/key_path.h"
#include "appcache/lean_std.h"
#include "appcache/load_call.h"
#include "appcache/load_options.h"
#include "appcache/loaded.h"
#include "appcache/lookup.h"
#include "appcache/resolved_path.h"
#include "appcache/serialiser.h"
#include "appcache/stats.h"
#include "appcache/times.h"
#include "appcache/traits.h"

namespace appcache {

namespace internal {

class CacheCore;

// The key of the functions that take a string, which it refers to.
template <class V>
struct StringKey {
  using value_type = V;
  std::string_view key;
  void AppendTo(KeyPath& path) const { path.Segment(key); }
};

}  // namespace internal

class APPCACHE_EXPORT Cache {
 public:
  // REQUIRES: backend != nullptr and Validate(options).ok().
  explicit Cache(std::shared_ptr<Backend> backend, CacheOptions options = {});
  virtual ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // --- One entry, by key.

  // A hit when there is an entry that has not expired. Errors: kCorrupt when
  // the stored bytes do not decompress or parse as the key's value_type;
  // kInvalidKey; and those of the backend.
  template <CacheKey K>
  Lookup<typename K::value_type> Get(const K& key);

  // Calls `visitor(std::string_view bytes)` once with the stored bytes of a
  // hit, decompressed, and returns their number. The key's serialiser is not
  // used. Does not call it for a miss. Errors: as for Get, except that the
  // bytes need not parse.
  //
  //   Lookup<size_t> read = cache.Read(
  //       UserKey{7}, [](std::string_view name) { std::cout << name; });
  //
  // The bytes are valid during the call of `visitor`. A backend that keeps its
  // values in memory may show them where they are stored, and so without a
  // copy, an allocation or a reference count that threads share; SqliteCache in
  // memory does. `visitor` then runs inside the read:
  //
  // - It may read from this cache. A write to it, a Flush or Close of it, or a
  //   walk, check or snapshot of all entries is kInvalidArgument. Through a
  //   tier, a write reaches the remote, and the tier loses its local copies.
  //   With other backends all of these work; portable code does them after
  //   Read.
  // - While it runs, the backend cannot reuse the memory of replaced and
  //   removed values. It should be quick: copy the bytes, or use Get, for work
  //   that takes long or waits.
  //
  // An exception of `visitor` is thrown to the caller after the read. The
  // result of `visitor` is ignored.
  template <CacheKey K, class Visitor>
    requires(std::is_invocable_v<Visitor&, std::string_view>)
  Lookup<size_t> Read(const K& key, Visitor&& visitor);

  // Stores `value` in place of any other. On failure the key holds its old
  // value, the new one or none, unless the backend promises more. When the
  // key's namespace does not exist, nothing is stored, a warning is logged, and
  // the result is success.
  template <CacheKey K>
  Status Set(const K& key, const typename K::value_type& value,
             Ttl ttl = kNoTtl);
  // The same for a std::string_view or a literal.
  template <CacheKey K, internal::StringLike T>
    requires(std::is_same_v<typename K::value_type, std::string>)
  Status Set(const K& key, const T& value, Ttl ttl = kNoTtl);

  // Removes the entry. Success also when there is none. When the key's
  // namespace does not exist, only logs a warning.
  template <CacheKey K>
  Status Invalidate(const K& key);

  // --- One entry, by string. The path is the prefix and `key`.

  template <class V>
  Lookup<V> GetByStr(std::string_view key);

  template <class Visitor>
    requires(std::is_invocable_v<Visitor&, std::string_view>)
  Lookup<size_t> ReadByStr(std::string_view key, Visitor&& visitor);

  template <class V>
    requires(!internal::StringLike<V>)
  Status SetByStr(std::string_view key, const V& value, Ttl ttl = kNoTtl,
                  Compression compression = Compression::kNone);
  Status SetByStr(std::string_view key, std::string_view value,
                  Ttl ttl = kNoTtl,
                  Compression compression = Compression::kNone);

  Status InvalidateByStr(std::string_view key);

  // --- The remaining ttl of an entry, rounded up; kNoTtl when it never
  // expires. A miss as for Get. Not an access, unless the backend says so.
  // kUnsupported where Traits().supports_ttl_query is false.

  template <CacheKey K>
  Lookup<Ttl> TtlOf(const K& key);
  Lookup<Ttl> TtlByStr(std::string_view key);

  // --- Read-through and write-through.

  // The cached value. When there is none, the value of `loader()`, which is
  // then stored with options.ttl. A loader may return a Loaded<V> (loaded.h)
  // instead of a V, to set a ttl, to prevent storing, or to report that there
  // is no value. With such a loader, the result is a std::optional<V>. When
  // several callers of this object need the same key, one runs its loader; the
  // others wait for it and get its value or its exception. A set or invalidate
  // of the key through this object during a load wins: the loaded value is
  // returned but not stored. A failing cache costs a warning and a call of the
  // loader, never an error. Throws what `loader` throws; then nothing is
  // stored.
  template <CacheKey K, class Loader>
  internal::LoadResult<typename K::value_type, Loader> GetVia(
      const K& key, Loader&& loader, const LoadOptions& options = {});

  // Calls `writer(value)`, then Set. When `writer` throws, passes that on and
  // leaves the cache unchanged. When Set fails, invalidates the entry, so that
  // the old value does not outlive the write, and returns Set's error.
  template <CacheKey K, class Writer>
  Status SetVia(const K& key, const typename K::value_type& value,
                Writer&& writer, Ttl ttl = kNoTtl);

  // --- Many entries; one round trip where the backend supports that. Each
  // function takes a span, a vector, an array or an initializer list. Write the
  // entries of a list as std::pair(key, value).

  // One Lookup per key, in order.
  template <CacheKey K>
  std::vector<Lookup<typename K::value_type>> GetMany(std::span<const K> keys);
  template <internal::Contiguous Keys>
  std::vector<Lookup<internal::ValueOf<Keys>>> GetMany(const Keys& keys) {
    return GetMany(internal::ToSpan(keys));
  }
  template <CacheKey K>
  std::vector<Lookup<typename K::value_type>> GetMany(
      std::initializer_list<K> keys) {
    return GetMany(internal::ToSpan(keys));
  }

  // Success when every entry was stored; otherwise the first error. The backend
  // documents which of the other entries are then stored.
  template <CacheKey K, class V>
  Status SetMany(std::span<const std::pair<K, V>> entries, Ttl ttl = kNoTtl);
  template <internal::Contiguous Entries>
  Status SetMany(const Entries& entries, Ttl ttl = kNoTtl) {
    return SetMany(internal::ToSpan(entries), ttl);
  }
  template <CacheKey K, class V>
  Status SetMany(std::initializer_list<std::pair<K, V>> entries,
                 Ttl ttl = kNoTtl) {
    return SetMany(internal::ToSpan(entries), ttl);
  }

  // Success when every entry was removed or did not exist; otherwise the first
  // error.
  template <CacheKey K>
  Status InvalidateMany(std::span<const K> keys);
  template <internal::Contiguous Keys>
  Status InvalidateMany(const Keys& keys) {
    return InvalidateMany(internal::ToSpan(keys));
  }
  template <CacheKey K>
  Status InvalidateMany(std::initializer_list<K> keys) {
    return InvalidateMany(internal::ToSpan(keys));
  }

  // GetVia for many keys: one batch read, one call of `loader` with the missing
  // keys as a std::span<const K> of copies, and one batch write. The loader
  // returns a std::vector<V> or a std::vector<Loaded<V>>, one element per key
  // in their order; a different number throws std::length_error. The result is
  // one V or std::optional<V> per key, in order. If other callers are
  // loading some of the keys, waits for them, at most options.max_wait in
  // total. If some values are still missing then, calls `loader` a second time,
  // with those keys only. When the loader throws, stale values are returned if
  // every key that was passed to it has one; otherwise the exception is passed
  // on. An exception of another caller's loader is passed on too. The options
  // for background loads and process_lock have no effect.
  template <CacheKey K, class Loader>
  std::vector<internal::LoadManyResult<K, Loader>> GetManyVia(
      std::span<const K> keys, Loader&& loader,
      const LoadOptions& options = {});
  template <internal::Contiguous Keys, class Loader>
  auto GetManyVia(const Keys& keys, Loader&& loader,
                  const LoadOptions& options = {}) {
    return GetManyVia(internal::ToSpan(keys), std::forward<Loader>(loader),
                      options);
  }
  template <CacheKey K, class Loader>
  auto GetManyVia(std::initializer_list<K> keys, Loader&& loader,
                  const LoadOptions& options = {}) {
    return GetManyVia(internal::ToSpan(keys), std::forward<Loader>(loader),
                      options);
  }

  // --- Prefix and whole-cache operations.

  // Removes every entry whose path starts with this cache's prefix and
  // `key_prefix`: "user/7/" removes "pyappcache/user/7/name", and "" removes
  // all entries of this prefix. An entry that is set while the call runs is
  // removed or not. On failure some may have been removed. kUnsupported where
  // Traits().supports_prefix_invalidation is false. A backend may have to walk
  // all its entries; a namespace (key.h) makes this cheap.
  Status InvalidatePrefix(std::string_view key_prefix);

  // REMOVES EVERYTHING, IN MOST BACKENDS FOR EVERY USER, whatever the prefix.
  // Traits().cleared says exactly what.
  Status Clear();

  // The backend's counters, and those of GetVia of this object. Never fails;
  // figures that are unknown are left empty.
  CacheStats Stats() const;

  // See Backend.
  BackendTraits Traits() const;
  Result<std::string> Ping();

  // The storage, for raw operations and for a tier. Never null. May outlive
  // this Cache.
  const std::shared_ptr<Backend>& backend() const noexcept { return backend_; }

  const std::string& prefix() const noexcept { return prefix_; }

 protected:
  // Waits for the loads that run in the background and starts no more. Safe to
  // call again. The destructor of a subclass calls it first, because loaders
  // may use the subclass; the destructor of Cache calls it in any case.
  void StopLoads() noexcept;

  void Log(LogLevel level, std::string_view message) const noexcept;

 private:
  // ResolvePath (resolved_path.h) for this cache.
  template <CacheKey K>
  void Resolve(const K& key, internal::ResolvedPath& resolved);
  // The same for a GetVia: an exception becomes resolved.status.
  template <CacheKey K>
  void ResolveForLoad(const K& key, internal::ResolvedPath& resolved) noexcept;

  // The result of a read of a key without a path.
  template <class V>
  static Lookup<V> NotFound(const internal::ResolvedPath& resolved);
  // The miss `from` as that of another type.
  template <class V, class From>
  static Lookup<V> MissOf(const Lookup<From>& from);
  template <class S, class V>
  static Lookup<V> Parse(Lookup<Bytes> raw);
  // The value at `path`, parsed where the backend shows it.
  template <class S, class V>
  Lookup<V> GetInView(std::string_view path);

  template <CacheKey K, class V>
  static Compression WantsCompression(const K& key, const V& value,
                                      std::string_view bytes);

  // The value at `path`, decompressed.
  Lookup<Bytes> ReadBytes(std::string_view path);
  // Calls `visitor`, which must not throw, with the same, and returns its size.
  Lookup<size_t> View(std::string_view path, ValueVisitor visitor);
  std::vector<Lookup<Bytes>> ReadMany(
      const std::vector<std::string_view>& paths);

  // Loads that began earlier do not store their values after these writes.
  Status Write(std::string_view path, std::string_view bytes, Ttl ttl,
               Compression compression);
  Status WriteMany(const std::vector<RawEntry>& entries);
  Status Remove(std::string_view path);
  Status RemoveMany(const std::vector<std::string_view>& paths);

  // `bytes` as they are stored. `compressed` owns them if they differ.
  Result<std::string_view> Encode(std::string_view bytes,
                                  Compression compression, Bytes& compressed);

  internal::LoadAnswer Load(internal::LoadCall& call,
                            const internal::ResolvedPath& resolved,
                            const LoadOptions& options);
  std::vector<internal::LoadAnswer> LoadMany(
      internal::LoadCall& call,
      const std::vector<internal::ResolvedPath>& resolved,
      const LoadOptions& options);

  static Status DoesNotParse();
  // The status of an operation on a key without a path: the error, or success
  // and a warning.
  Status Unresolved(const internal::ResolvedPath& resolved,
                    std::string_view operation) const;

  const std::string prefix_;
  std::shared_ptr<Backend> backend_;
  const std::unique_ptr<internal::CacheCore> core_;
};

// --- Implementation: templates only.

template <class V>
Lookup<V> Cache::NotFound(const internal::ResolvedPath& resolved) {
  return resolved.status.ok() ? Lookup<V>::Miss()
                              : Lookup<V>::Failed(resolved.status);
}

template <class V, class From>
Lookup<V> Cache::MissOf(const Lookup<From>& from) {
  Lookup<V> missed =
      from.has_error() ? Lookup<V>::Failed(from.status()) : Lookup<V>::Miss();
  missed.set_origin(from.origin());
  return missed;
}

template <class S, class V>
Lookup<V> Cache::Parse(Lookup<Bytes> raw) {
  if (!raw) return MissOf<V>(raw);
  std::optional<V> value = S::Deserialise(*std::move(raw));
  Lookup<V> parsed = value ? Lookup<V>::Hit(*std::move(value))
                           : Lookup<V>::Failed(DoesNotParse());
  parsed.set_origin(raw.origin());
  return parsed;
}

template <class S, class V>
Lookup<V> Cache::GetInView(std::string_view path) {
  Lookup<V> found = Lookup<V>::Hit(V{});
  bool parsed = false;
  Status status;  // a std::string may not fit into memory
  const Lookup<size_t> viewed = View(path, [&](std::string_view bytes) {
    try {
      parsed = S::ParseView(bytes, *found);
    } catch (...) {
      status = Status::FromCurrentException();
    }
  });
  if (!viewed) {
    found = MissOf<V>(viewed);
  } else if (!parsed) {
    found = Lookup<V>::Failed(status.ok() ? DoesNotParse() : status);
  }
  found.set_origin(viewed.origin());
  return found;
}

template <CacheKey K>
void Cache::Resolve(const K& key, internal::ResolvedPath& resolved) {
  internal::ResolvePath(
      key, prefix_, [this](std::string_view path) { return ReadBytes(path); },
      resolved);
}

template <CacheKey K>
void Cache::ResolveForLoad(const K& key,
                           internal::ResolvedPath& resolved) noexcept {
  try {
    Resolve(key, resolved);
  } catch (...) {
    resolved.found = false;
    resolved.status = Status::FromCurrentException();
  }
}

template <CacheKey K, class V>
Compression Cache::WantsCompression(const K& key, const V& value,
                                    std::string_view bytes) {
  if constexpr (internal::MayCompress<K>) {
    if (key.should_compress(value, bytes)) return Compression::kCompress;
  }
  return Compression::kNone;
}

template <CacheKey K>
Lookup<typename K::value_type> Cache::Get(const K& key) {
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  return WithoutExceptions<Lookup<V>>([&] {
    internal::ResolvedPath resolved;
    Resolve(key, resolved);
    if (!resolved.found) return NotFound<V>(resolved);
    if constexpr (internal::ParsesViews<S>) {
      return GetInView<S, V>(resolved.path.view());
    } else {
      return Parse<S, V>(ReadBytes(resolved.path.view()));
    }
  });
}

template <CacheKey K, class Visitor>
  requires(std::is_invocable_v<Visitor&, std::string_view>)
Lookup<size_t> Cache::Read(const K& key, Visitor&& visitor) {
  // A visitor must not throw through a backend.
  std::exception_ptr thrown;
  Lookup<size_t> read = WithoutExceptions<Lookup<size_t>>([&] {
    internal::ResolvedPath resolved;
    Resolve(key, resolved);
    if (!resolved.found) return NotFound<size_t>(resolved);
    return View(resolved.path.view(), [&](std::string_view bytes) {
      try {
        static_cast<void>(visitor(bytes));
      } catch (...) {
        thrown = std::current_exception();
      }
    });
  });
  if (thrown) std::rethrow_exception(std::move(thrown));
  return read;
}

template <CacheKey K>
Lookup<Ttl> Cache::TtlOf(const K& key) {
  return WithoutExceptions<Lookup<Ttl>>([&] {
    internal::ResolvedPath resolved;
    Resolve(key, resolved);
    return resolved.found ? backend_->TtlRaw(resolved.path.view())
                          : NotFound<Ttl>(resolved);
  });
}

template <CacheKey K>
Status Cache::Set(const K& key, const typename K::value_type& value, Ttl ttl) {
  return WithoutExceptions<Status>([&] {
    internal::ResolvedPath resolved;
    Resolve(key, resolved);
    if (!resolved.found) return Unresolved(resolved, "set");
    const auto serialised = internal::SerialiserOf<K>::type::Serialise(value);
    const std::string_view bytes = serialised;
    return Write(resolved.path.view(), bytes, ttl,
                 WantsCompression(key, value, bytes));
  });
}

template <CacheKey K, internal::StringLike T>
  requires(std::is_same_v<typename K::value_type, std::string>)
Status Cache::Set(const K& key, const T& value, Ttl ttl) {
  return WithoutExceptions<Status>(
      [&] { return Set(key, std::string(std::string_view(value)), ttl); });
}

template <CacheKey K>
Status Cache::Invalidate(const K& key) {
  return WithoutExceptions<Status>([&] {
    internal::ResolvedPath resolved;
    Resolve(key, resolved);
    return resolved.found ? Remove(resolved.path.view())
                          : Unresolved(resolved, "invalidate");
  });
}

template <class V>
Lookup<V> Cache::GetByStr(std::string_view key) {
  return Get(internal::StringKey<V>{key});
}

template <class Visitor>
  requires(std::is_invocable_v<Visitor&, std::string_view>)
Lookup<size_t> Cache::ReadByStr(std::string_view key, Visitor&& visitor) {
  return Read(internal::StringKey<Bytes>{key}, visitor);
}

template <class V>
  requires(!internal::StringLike<V>)
Status Cache::SetByStr(std::string_view key, const V& value, Ttl ttl,
                       Compression compression) {
  return WithoutExceptions<Status>([&] {
    KeyPath path(prefix_);
    path.Segment(key);
    const auto serialised = Serialiser<V>::Serialise(value);
    return Write(path.view(), serialised, ttl, compression);
  });
}

template <CacheKey K, class Loader>
internal::LoadResult<typename K::value_type, Loader> Cache::GetVia(
    const K& key, Loader&& loader, const LoadOptions& options) {
  internal::ResolvedPath resolved;
  ResolveForLoad(key, resolved);
  internal::SingleLoad<K, Loader> call(key, std::forward<Loader>(loader));
  const internal::LoadAnswer answer = Load(call, resolved, options);
  return call.template TakeResult<
      internal::LoadResult<typename K::value_type, Loader>>(answer);
}

template <CacheKey K, class Writer>
Status Cache::SetVia(const K& key, const typename K::value_type& value,
                     Writer&& writer, Ttl ttl) {
  std::forward<Writer>(writer)(value);
  Status status = Set(key, value, ttl);
  // The first error says more than that of the second attempt.
  if (!status.ok()) (void)Invalidate(key);
  return status;
}

template <CacheKey K>
std::vector<Lookup<typename K::value_type>> Cache::GetMany(
    std::span<const K> keys) {
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  std::vector<Lookup<V>> results;
  const Status status = WithoutExceptions<Status>([&] {
    results.reserve(keys.size());
    std::vector<internal::ResolvedPath> resolved(keys.size());
    std::vector<std::string_view> paths;
    for (size_t i = 0; i < keys.size(); ++i) {
      Resolve(keys[i], resolved[i]);
      if (resolved[i].found) paths.push_back(resolved[i].path.view());
    }
    std::vector<Lookup<Bytes>> raw = ReadMany(paths);
    size_t next = 0;
    for (const internal::ResolvedPath& r : resolved) {
      if (r.found) {
        // A serialiser that throws concerns its own key only.
        results.push_back(WithoutExceptions<Lookup<V>>(
            [&] { return Parse<S, V>(std::move(raw[next++])); }));
      } else {
        results.push_back(NotFound<V>(r));
      }
    }
    return Status();
  });
  while (results.size() < keys.size()) {
    results.push_back(Lookup<V>::Failed(status));
  }
  return results;
}

template <CacheKey K, class V>
Status Cache::SetMany(std::span<const std::pair<K, V>> entries, Ttl ttl) {
  using S = typename internal::SerialiserOf<K>::type;
  return WithoutExceptions<Status>([&] {
    Status first_error;
    std::vector<internal::ResolvedPath> resolved(entries.size());
    // Owns the values; `batch` points into it.
    std::vector<Bytes> values;
    values.reserve(entries.size());
    std::vector<RawEntry> batch;
    for (size_t i = 0; i < entries.size(); ++i) {
      const K& key = entries[i].first;
      const auto& value =
          internal::ToValue<typename K::value_type>(entries[i].second);
      Resolve(key, resolved[i]);
      if (!resolved[i].found) {
        Status status = Unresolved(resolved[i], "set");
        if (first_error.ok()) first_error = std::move(status);
        continue;
      }
      const auto serialised = S::Serialise(value);
      Bytes compressed;
      const Result<std::string_view> encoded = Encode(
          serialised, WantsCompression(key, value, serialised), compressed);
      if (!encoded.ok()) return encoded.status();
      values.push_back(compressed.empty() ? Bytes::Copy(*encoded)
                                          : std::move(compressed));
      batch.push_back({resolved[i].path.view(), values.back().view(), ttl});
    }
    Status written = WriteMany(batch);
    return first_error.ok() ? written : first_error;
  });
}

template <CacheKey K>
Status Cache::InvalidateMany(std::span<const K> keys) {
  return WithoutExceptions<Status>([&] {
    Status first_error;
    std::vector<internal::ResolvedPath> resolved(keys.size());
    std::vector<std::string_view> batch;
    for (size_t i = 0; i < keys.size(); ++i) {
      Resolve(keys[i], resolved[i]);
      if (resolved[i].found) {
        batch.push_back(resolved[i].path.view());
        continue;
      }
      Status status = Unresolved(resolved[i], "invalidate");
      if (first_error.ok()) first_error = std::move(status);
    }
    Status removed = RemoveMany(batch);
    return first_error.ok() ? removed : first_error;
  });
}

template <CacheKey K, class Loader>
std::vector<internal::LoadManyResult<K, Loader>> Cache::GetManyVia(
    std::span<const K> keys, Loader&& loader, const LoadOptions& options) {
  std::vector<internal::ResolvedPath> resolved(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    ResolveForLoad(keys[i], resolved[i]);
  }
  internal::BatchLoad<K, std::remove_reference_t<Loader>> call(keys, loader);
  const std::vector<internal::LoadAnswer> answers =
      LoadMany(call, resolved, options);
  std::vector<internal::LoadManyResult<K, Loader>> results;
  results.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    results.push_back(call.TakeResult(i, answers[i]));
  }
  return results;
}

}  // namespace appcache

#endif  // APPCACHE_CACHE_H_
