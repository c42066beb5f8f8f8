// The templates of Cache. Include cache.h instead.
//
// The way of a get: Get resolves the key to a path, Read fetches and
// decompresses, ParseWith makes the value. What does not depend on a type is in
// cache.cc; GetVia is in loading/.

#ifndef APPCACHE_ENGINE_CACHE_INL_H_
#define APPCACHE_ENGINE_CACHE_INL_H_

#include "engine/cache.h"  // IWYU pragma: keep

namespace appcache {

template <class S, class V>
Lookup<V> Cache::ParseWith(const Lookup<Bytes>& raw) {
  Lookup<V> parsed = [&]() -> Lookup<V> {
    if (!raw) {
      return raw.has_error() ? Lookup<V>::Failed(raw.status())
                             : Lookup<V>::Miss();
    }
    try {
      std::optional<V> value = S::Deserialise(*raw);
      if (value) return Lookup<V>::Hit(*std::move(value));
      return Lookup<V>::Failed(
          Status(ErrorCode::kCorrupt,
                 "a stored value does not parse as the type of its key; was it "
                 "written with another type or serialiser?"));
    } catch (...) {
      return Lookup<V>::Failed(CurrentException());
    }
  }();
  parsed.set_level(raw.level());
  return parsed;
}

template <CacheKey K>
Cache::Resolved Cache::ResolveNamespace(const K& namespace_key, KeyPath& path,
                                        int depth) {
  if (depth >= kMaxNamespaceDepth) {
    return {false,
            Status(ErrorCode::kInvalidKey,
                   "the namespaces of a key are nested deeper than 16: does "
                   "namespace_key() lead back to the key itself?")};
  }
  KeyPath namespace_path;
  Resolved resolved = Resolve(namespace_key, namespace_path, depth + 1);
  if (!resolved.found) return resolved;
  const Lookup<Bytes> value = Read(namespace_path.view());
  if (!value) return {false, value.status()};
  path.Segment(value->view());
  return {};
}

template <CacheKey K>
Cache::Resolved Cache::Resolve(const K& key, KeyPath& path, int depth) {
  path.Segment(options_.prefix);
  if constexpr (internal::HasNamespace<K>) {
    const auto namespace_key = key.namespace_key();
    if constexpr (CacheKey<std::remove_const_t<decltype(namespace_key)>>) {
      Resolved resolved = ResolveNamespace(namespace_key, path, depth);
      if (!resolved.found) return resolved;
    } else if (namespace_key) {
      Resolved resolved = ResolveNamespace(*namespace_key, path, depth);
      if (!resolved.found) return resolved;
    }
  }
  key.AppendTo(path);
  return {};
}

template <CacheKey K>
Compression Cache::WantsCompression(const K& key,
                                    const typename K::value_type& value,
                                    std::string_view bytes) {
  if constexpr (internal::MayCompress<K>) {
    if (key.should_compress(value, bytes)) return Compression::kCompress;
  }
  return Compression::kNone;
}

template <class V, CacheKey K, class ReadPath>
Lookup<V> Cache::WithPath(const K& key, const ReadPath& read) {
  try {
    KeyPath path;
    const Resolved resolved = Resolve(key, path);
    if (!resolved.found) {
      return resolved.status.ok() ? Lookup<V>::Miss()
                                  : Lookup<V>::Failed(resolved.status);
    }
    return read(path.view());
  } catch (...) {
    return Lookup<V>::Failed(CurrentException());
  }
}

template <CacheKey K>
Lookup<Ttl> Cache::TtlOf(const K& key) {
  return WithPath<Ttl>(key,
                       [this](std::string_view path) { return TtlRaw(path); });
}

template <CacheKey K>
Lookup<typename K::value_type> Cache::Get(const K& key) {
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  return WithPath<V>(key, [this](std::string_view path) {
    return ParseWith<S, V>(Read(path));
  });
}

template <CacheKey K>
Status Cache::Set(const K& key, const typename K::value_type& value, Ttl ttl) {
  try {
    KeyPath path;
    const Resolved resolved = Resolve(key, path);
    if (!resolved.found) {
      return resolved.status.ok() ? WarnNoNamespace("set") : resolved.status;
    }
    const auto serialised = internal::SerialiserOf<K>::type::Serialise(value);
    const std::string_view bytes = serialised;
    return Write(path.view(), bytes, ttl, WantsCompression(key, value, bytes));
  } catch (...) {
    return CurrentException();
  }
}

template <CacheKey K>
Status Cache::Invalidate(const K& key) {
  try {
    KeyPath path;
    const Resolved resolved = Resolve(key, path);
    if (!resolved.found) {
      return resolved.status.ok() ? WarnNoNamespace("invalidate")
                                  : resolved.status;
    }
    return Remove(path.view());
  } catch (...) {
    return CurrentException();
  }
}

template <class V>
Lookup<V> Cache::GetByStr(std::string_view key) {
  try {
    return Get(Key<V>(key));
  } catch (...) {
    return Lookup<V>::Failed(CurrentException());
  }
}

template <class V>
Status Cache::SetByStr(std::string_view key, const V& value, Ttl ttl,
                       Compression compression) {
  try {
    KeyPath path(options_.prefix);
    path.Segment(key);
    const auto serialised = Serialiser<V>::Serialise(value);
    return Write(path.view(), serialised, ttl, compression);
  } catch (...) {
    return CurrentException();
  }
}

template <CacheKey K, class Writer>
Status Cache::SetVia(const K& key, const typename K::value_type& value,
                     Writer&& writer, Ttl ttl) {
  std::forward<Writer>(writer)(value);
  Status status = Set(key, value, ttl);
  if (!status.ok()) (void)Invalidate(key).ok();
  return status;
}

template <CacheKey K>
std::vector<Lookup<typename K::value_type>> Cache::GetMany(
    std::span<const K> keys) {
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  std::vector<Lookup<V>> results;
  try {
    results.reserve(keys.size());
    std::vector<KeyPath> paths(keys.size());
    std::vector<Resolved> resolved;
    std::vector<std::string_view> wanted;
    for (size_t i = 0; i < keys.size(); ++i) {
      resolved.push_back(Resolve(keys[i], paths[i]));
      if (resolved[i].found) wanted.push_back(paths[i].view());
    }
    std::vector<Lookup<Bytes>> raw = GetManyRaw(wanted);
    CheckAnswered(wanted.size(), raw.size());
    size_t next = 0;
    for (const Resolved& r : resolved) {
      if (r.found) {
        results.push_back(
            ParseWith<S, V>(Decompressed(std::move(raw[next++]))));
      } else {
        results.push_back(r.status.ok() ? Lookup<V>::Miss()
                                        : Lookup<V>::Failed(r.status));
      }
    }
  } catch (...) {
    const Status failure = CurrentException();
    while (results.size() < keys.size()) {
      results.push_back(Lookup<V>::Failed(failure));
    }
  }
  return results;
}

template <CacheKey K>
Status Cache::SetMany(
    std::span<const std::pair<K, typename K::value_type>> entries, Ttl ttl) {
  using S = typename internal::SerialiserOf<K>::type;
  try {
    Status first_error;
    std::vector<KeyPath> paths(entries.size());
    // Owns what had to be made; the views in `batch` point into it.
    std::vector<Bytes> values;
    values.reserve(entries.size());
    std::vector<RawEntry> batch;
    for (size_t i = 0; i < entries.size(); ++i) {
      const auto& [key, value] = entries[i];
      const Resolved resolved = Resolve(key, paths[i]);
      if (!resolved.found) {
        const Status status =
            resolved.status.ok() ? WarnNoNamespace("set") : resolved.status;
        if (first_error.ok()) first_error = status;
        continue;
      }
      const auto serialised = S::Serialise(value);
      Bytes compressed;
      const Result<std::string_view> encoded = Encode(
          serialised, WantsCompression(key, value, serialised), compressed);
      if (!encoded.ok()) return encoded.status();
      values.push_back(compressed.empty() ? Bytes::Copy(*encoded)
                                          : std::move(compressed));
      batch.push_back({paths[i].view(), values.back().view(), ttl});
    }
    Status written = WriteMany(batch);
    return first_error.ok() ? written : first_error;
  } catch (...) {
    return CurrentException();
  }
}

template <CacheKey K>
Status Cache::InvalidateMany(std::span<const K> keys) {
  try {
    Status first_error;
    std::vector<KeyPath> paths(keys.size());
    std::vector<std::string_view> batch;
    for (size_t i = 0; i < keys.size(); ++i) {
      const Resolved resolved = Resolve(keys[i], paths[i]);
      if (resolved.found) {
        batch.push_back(paths[i].view());
      } else {
        const Status status = resolved.status.ok()
                                  ? WarnNoNamespace("invalidate")
                                  : resolved.status;
        if (first_error.ok()) first_error = status;
      }
    }
    Status removed = RemoveMany(batch);
    return first_error.ok() ? removed : first_error;
  } catch (...) {
    return CurrentException();
  }
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_CACHE_INL_H_
