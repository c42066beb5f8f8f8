#include "appcache/serialised_by.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::serialised_by_test {
namespace {

// Prepends a mark, which shows that it was used.
template <class V>
struct Marked {
  static std::string Serialise(const V& value) {
    return "marked:" + std::string(Serialiser<V>::Serialise(value));
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    if (!bytes.view().starts_with("marked:")) return std::nullopt;
    return Serialiser<V>::Deserialise(Bytes::Copy(bytes.view().substr(7)));
  }
};

auto ByMark(auto key) { return SerialisedBy<Marked, decltype(key)>(key); }

struct FullKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("full"); }
  Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
  bool should_compress(const std::string& value, std::string_view) const {
    return value == "compress me";
  }
};

TEST(SerialisedByTest, ValuesGoThroughTheSerialiser) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(ByMark(Key<std::string>("k")), "v").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/k"), "marked:v");
  EXPECT_EQ(*cache.Get(ByMark(Key<std::string>("k"))), "v");
}

TEST(SerialisedByTest, TheWrappedKeyIsUnchanged) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(ByMark(Key<std::string>("k")), "v").ok());
  EXPECT_EQ(*cache.Get(Key<std::string>("k")), "marked:v");
}

TEST(SerialisedByTest, WorksWithGetViaAndInvalidate) {
  MapCache cache;
  const auto key = ByMark(Key<std::string>("k"));
  EXPECT_EQ(cache.GetVia(key, [] { return std::string("loaded"); }), "loaded");
  EXPECT_EQ(cache.StoredAt("pyappcache/k"), "marked:loaded");
  ASSERT_TRUE(cache.Invalidate(key).ok());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SerialisedByTest, KeepsTheNamespace) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(FullKey().namespace_key(), "v1").ok());
  ASSERT_TRUE(cache.Set(ByMark(FullKey()), "value").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/v1/full"), "marked:value");
}

TEST(SerialisedByTest, KeepsTheChoiceOfCompression) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(FullKey().namespace_key(), "v1").ok());
  ASSERT_TRUE(cache.Set(ByMark(FullKey()), "compress me").ok());
  EXPECT_TRUE(cache.StoredAt("pyappcache/v1/full").starts_with("\x1f\x8b"));
  EXPECT_EQ(*cache.Get(ByMark(FullKey())), "compress me");
}

// A key without a namespace or a should_compress does not get one.
TEST(SerialisedByTest, AddsNoNamespaceAndNoCompression) {
  using Wrapped = SerialisedBy<Marked, Key<int>>;
  EXPECT_FALSE(internal::HasNamespace<Wrapped>);
  EXPECT_FALSE(internal::MayCompress<Wrapped>);
}

}  // namespace
}  // namespace appcache::serialised_by_test
