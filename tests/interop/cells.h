// Cells of the table of what is shared with pyappcache: a kind of value, and a
// kind of key.

#ifndef APPCACHE_TESTS_INTEROP_CELLS_H_
#define APPCACHE_TESTS_INTEROP_CELLS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "appcache/cache.h"

namespace appcache {

using Segments = std::vector<std::string>;

// A value as both sides know it.
struct ValueKind {
  std::string name;
  std::string serialiser;  // of pyappcache_stand_in.py
  std::string literal;     // of the value, in Python
  bool is_compressed;

  // Uses this library. `get` and `get_via` return "same", "different", "miss",
  // "loaded" or the error.
  std::function<Status(Cache&, const Segments&, Ttl)> set;
  std::function<std::string(Cache&, const Segments&)> get;
  std::function<std::string(Cache&, const Segments&)> get_via;
  std::function<Status(Cache&, const Segments&)> invalidate;
};

// A key of any segments.
template <class V, class S>
struct SegmentsKey {
  using value_type = V;
  using serialiser = S;
  Segments segments;
  bool is_compressed = false;

  void AppendTo(KeyPath& path) const {
    for (const std::string& segment : segments) path.Segment(segment);
  }
  bool should_compress(const V&, std::string_view) const {
    return is_compressed;
  }
};

template <class V, class S>
ValueKind MakeValueKind(std::string name, std::string serialiser,
                        std::string literal, V value,
                        bool is_compressed = false) {
  using MadeKey = SegmentsKey<V, S>;
  const auto key = [is_compressed](const Segments& segments) {
    return MadeKey{segments, is_compressed};
  };
  ValueKind kind{std::move(name),
                 std::move(serialiser),
                 std::move(literal),
                 is_compressed,
                 nullptr,
                 nullptr,
                 nullptr,
                 nullptr};
  kind.set = [=](Cache& cache, const Segments& segments, Ttl ttl) {
    return cache.Set(key(segments), value, ttl);
  };
  kind.get = [=](Cache& cache, const Segments& segments) -> std::string {
    const Lookup<V> found = cache.Get(key(segments));
    if (found) return *found == value ? "same" : "different";
    return found.has_error() ? found.status().ToString() : "miss";
  };
  kind.get_via = [=](Cache& cache, const Segments& segments) -> std::string {
    bool is_loaded = false;
    const V found = cache.GetVia(key(segments), [&] {
      is_loaded = true;
      return value;
    });
    if (is_loaded) return "loaded";
    return found == value ? "same" : "different";
  };
  kind.invalidate = [=](Cache& cache, const Segments& segments) {
    return cache.Invalidate(key(segments));
  };
  return kind;
}

std::vector<ValueKind> AllValueKinds();

struct KeyKind {
  std::string name;
  Segments segments;
  // On Memcached. On Redis every key is shared.
  bool is_shared_on_memcached = true;
};

std::vector<KeyKind> AllKeyKinds();

}  // namespace appcache

#endif  // APPCACHE_TESTS_INTEROP_CELLS_H_
