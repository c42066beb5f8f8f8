// Namespaces whose value has a serialiser: the segment is the text of the
// value, and not the stored bytes.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "appcache/cache.h"
#include "appcache/pickle_serialiser.h"
#include "tests/support/map_cache.h"

namespace appcache::namespace_text_test {
namespace {

template <class V>
struct VersionKey {
  using value_type = V;
  using serialiser = PickleSerialiser<V>;
  void AppendTo(KeyPath& path) const { path.Segment("version"); }
};

template <class V>
struct NameKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("name"); }
  VersionKey<V> namespace_key() const { return {}; }
};

template <class V>
void ExpectSegment(const V& space, const std::string& segment) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(VersionKey<V>(), space).ok());
  EXPECT_TRUE(cache.Set(NameKey<V>(), "Ada").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/" + segment + "/name"), "Ada");
  EXPECT_EQ(*cache.Get(NameKey<V>()), "Ada");
}

// Of these the segment is the stored bytes.
static_assert(!internal::HasSegmentText<std::vector<int>>);
static_assert(!internal::HasSegmentText<std::optional<std::vector<int>>>);
static_assert(internal::HasSegmentText<std::optional<int>>);

TEST(NamespaceTextTest, TheSegmentIsTheTextOfTheValue) {
  ExpectSegment<std::string>("v1", "v1");
  ExpectSegment(7, "7");
  ExpectSegment(true, "True");
  ExpectSegment(false, "False");
  ExpectSegment(std::optional<int>(), "None");
  ExpectSegment(std::optional<int>(3), "3");
  ExpectSegment(std::monostate(), "None");
  ExpectSegment(PickleValue{"v1"}, "v1");
  ExpectSegment(PickleValue{int64_t{-1}}, "-1");
  ExpectSegment(PickleValue{}, "None");
}

// As Python's repr() prints them.
TEST(NamespaceTextTest, ANumberIsPrintedAsPythonPrintsIt) {
  using internal::PythonText;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(PythonText(0.0), "0.0");
  EXPECT_EQ(PythonText(-0.0), "-0.0");
  EXPECT_EQ(PythonText(1.0), "1.0");
  EXPECT_EQ(PythonText(0.1), "0.1");
  EXPECT_EQ(PythonText(0.0001), "0.0001");
  EXPECT_EQ(PythonText(0.00001), "1e-05");
  EXPECT_EQ(PythonText(9999999999999998.0), "9999999999999998.0");
  EXPECT_EQ(PythonText(1e16), "1e+16");
  EXPECT_EQ(PythonText(-1.5e300), "-1.5e+300");
  EXPECT_EQ(PythonText(5e-324), "5e-324");
  EXPECT_EQ(PythonText(kInfinity), "inf");
  EXPECT_EQ(PythonText(-kInfinity), "-inf");
  EXPECT_EQ(PythonText(std::numeric_limits<double>::quiet_NaN()), "nan");
}

struct TextVersionKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("version"); }
};

struct TextNameKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("name"); }
  TextVersionKey namespace_key() const { return {}; }
};

TEST(NamespaceTextTest, AValueOfAnotherSerialiserIsCorrupt) {
  MapCache cache;
  // A pickle under a key that stores text, and text under one of pickles.
  ASSERT_TRUE(cache.Set(VersionKey<std::string>(), "v1").ok());
  EXPECT_TRUE(cache.Get(TextNameKey()).status().Is(ErrorCode::kCorrupt));
  EXPECT_TRUE(cache.Set(TextNameKey(), "Ada").Is(ErrorCode::kCorrupt));
  ASSERT_TRUE(cache.Set(TextVersionKey(), "v1").ok());
  EXPECT_TRUE(
      cache.Get(NameKey<std::string>()).status().Is(ErrorCode::kCorrupt));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(NamespaceTextTest, AValueWithoutTextIsCorrupt) {
  MapCache cache;
  ASSERT_TRUE(
      cache.Set(VersionKey<PickleValue>(), PickleValue{PickleValue::List()})
          .ok());
  EXPECT_TRUE(
      cache.Get(NameKey<PickleValue>()).status().Is(ErrorCode::kCorrupt));
}

}  // namespace
}  // namespace appcache::namespace_text_test
