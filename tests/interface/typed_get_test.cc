// Get of the types that the library parses: strings, numbers and bool are
// parsed inside the view of the backend, other types from Bytes.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/serialised_by.h"
#include "tests/support/allocations.h"
#include "tests/support/map_cache.h"

namespace appcache {

struct Point {
  int x = 0;
};

template <>
struct Serialiser<Point> {
  static std::string Serialise(const Point& point) {
    return std::to_string(point.x);
  }
  static std::optional<Point> Deserialise(const Bytes& bytes) {
    return Point{std::stoi(std::string(bytes.view()))};
  }
};

namespace {

// Counts which of its two reads are used.
class CountingBackend final : public MapBackend {
 public:
  Lookup<Bytes> GetRaw(std::string_view path) override {
    ++gets;
    return MapBackend::GetRaw(path);
  }
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    ++views;
    const Lookup<Bytes> found = MapBackend::GetRaw(path);
    Lookup<size_t> viewed = found.Map([&](const Bytes& value) {
      // A visitor that keeps the view would see this change.
      std::string shown(value.view());
      visitor(shown);
      shown.assign(shown.size(), '?');
      return shown.size();
    });
    viewed.set_origin(Origin::kCopy);
    return viewed;
  }

  int gets = 0;
  int views = 0;
};

class TypedGetTest : public testing::Test {
 protected:
  template <class V>
  void ExpectRoundTrip(const V& value) {
    const int views_before = backend_->views;
    ASSERT_TRUE(cache_.SetByStr("k", value).ok());
    const Lookup<V> found = cache_.GetByStr<V>("k");
    ASSERT_TRUE(found) << found.status().ToString();
    EXPECT_EQ(*found, value);
    EXPECT_EQ(found.origin(), Origin::kCopy);
    EXPECT_EQ(backend_->views, views_before + 1);
    EXPECT_EQ(backend_->gets, 0);
  }

  template <class V>
  void ExpectRoundTripsOfExtremes() {
    ExpectRoundTrip<V>(std::numeric_limits<V>::lowest());
    ExpectRoundTrip<V>(std::numeric_limits<V>::max());
    ExpectRoundTrip<V>(V{0});
  }

  template <class V>
  void ExpectCorrupt(const std::string& bytes) {
    ASSERT_TRUE(cache_.SetByStr("k", bytes).ok());
    const Lookup<V> found = cache_.GetByStr<V>("k");
    EXPECT_TRUE(found.status().Is(ErrorCode::kCorrupt)) << bytes;
    EXPECT_EQ(found.origin(), Origin::kCopy);
  }

  const std::shared_ptr<CountingBackend> backend_ =
      std::make_shared<CountingBackend>();
  Cache cache_{backend_};
};

TEST_F(TypedGetTest, EveryTypeOfTheLibraryIsParsedInTheView) {
  ExpectRoundTripsOfExtremes<char>();
  ExpectRoundTripsOfExtremes<signed char>();
  ExpectRoundTripsOfExtremes<uint8_t>();
  ExpectRoundTripsOfExtremes<int16_t>();
  ExpectRoundTripsOfExtremes<int>();
  ExpectRoundTripsOfExtremes<int64_t>();
  ExpectRoundTripsOfExtremes<uint64_t>();
  ExpectRoundTripsOfExtremes<float>();
  ExpectRoundTripsOfExtremes<double>();
  ExpectRoundTripsOfExtremes<long double>();
  ExpectRoundTrip(true);
  ExpectRoundTrip(false);
}

TEST_F(TypedGetTest, StringsAreCopiedOutOfTheView) {
  const Key<std::string> key("k");
  for (const std::string& value :
       {std::string(), std::string("a\0b", 3), std::string(100'000, 'x')}) {
    ASSERT_TRUE(cache_.Set(key, value).ok());
    EXPECT_EQ(cache_.Get(key).value(), value);
  }
  EXPECT_EQ(backend_->gets, 0);
}

TEST_F(TypedGetTest, OtherBytesAreCorrupt) {
  ExpectCorrupt<int>("seven");
  ExpectCorrupt<int>("");
  ExpectCorrupt<int8_t>("128");
  ExpectCorrupt<unsigned>("-1");
  ExpectCorrupt<double>("1.5x");
  ExpectCorrupt<bool>("true");
  EXPECT_EQ(backend_->gets, 0);
}

TEST_F(TypedGetTest, AMissKeepsItsOrigin) {
  const Lookup<int> found = cache_.GetByStr<int>("none");
  EXPECT_FALSE(found);
  EXPECT_FALSE(found.has_error());
  EXPECT_EQ(found.origin(), Origin::kCopy);
}

TEST_F(TypedGetTest, AnErrorOfTheBackendIsReturned) {
  backend_->set_hook([](MapBackend::Operation, std::string_view) {
    return Status(ErrorCode::kUnavailable, "down");
  });
  const Lookup<int> found = cache_.GetByStr<int>("k");
  EXPECT_TRUE(found.status().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(found.origin(), Origin::kCopy);
}

TEST_F(TypedGetTest, CompressedValuesAreReadOnce) {
  const std::string value(1000, 'x');
  ASSERT_TRUE(cache_.SetByStr("k", value, kNoTtl, Compression::kCompress).ok());
  const Lookup<std::string> found = cache_.GetByStr<std::string>("k");
  EXPECT_EQ(found.value(), value);
  EXPECT_EQ(found.origin(), Origin::kCopy);
  ASSERT_TRUE(cache_.SetByStr("k", 42, kNoTtl, Compression::kCompress).ok());
  EXPECT_EQ(cache_.GetByStr<int>("k").value(), 42);
  EXPECT_EQ(backend_->views, 2);
  EXPECT_EQ(backend_->gets, 0);
}

TEST_F(TypedGetTest, AStringThatDoesNotFitIntoMemoryIsFull) {
  MapCache cache;  // allocates nothing in a get
  const Key<std::string> key("k");
  ASSERT_TRUE(cache.Set(key, std::string(1000, 'v')).ok());
  {
    const FailingAllocations failing(1, 1);
    EXPECT_TRUE(cache.Get(key).status().Is(ErrorCode::kFull));
    EXPECT_TRUE(failing.any_failed());
  }
  EXPECT_EQ(cache.Get(key).value().size(), 1000u);
}

TEST_F(TypedGetTest, AStringIsTheOnlyAllocationOfItsGet) {
  MapCache cache;
  const Key<std::string> key("k");
  ASSERT_TRUE(cache.Set(key, std::string(1000, 'v')).ok());
  const AllocationCounter allocations;
  const Lookup<std::string> found = cache.Get(key);
  EXPECT_EQ(allocations.count(), 1u);
  EXPECT_EQ(found->size(), 1000u);
}

// Has a Deserialise of its own, and inherits all else.
struct ShoutingSerialiser : Serialiser<std::string> {
  static std::optional<std::string> Deserialise(const Bytes& bytes) {
    return std::string(bytes.view()) + "!";
  }
};
struct ShoutedKey {
  using value_type = std::string;
  using serialiser = ShoutingSerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("k"); }
};

template <class V>
using Default = Serialiser<V>;

TEST_F(TypedGetTest, SerialisersOfUsersGetBytes) {
  ASSERT_TRUE(cache_.SetByStr("k", Point{7}).ok());
  EXPECT_EQ(cache_.GetByStr<Point>("k").value().x, 7);
  EXPECT_EQ(backend_->gets, 1);
  EXPECT_EQ(cache_.Get(ShoutedKey()).value(), "7!");
  EXPECT_EQ(backend_->gets, 2);
  EXPECT_EQ(cache_.GetByStr<Bytes>("k").value().view(), "7");
  EXPECT_EQ(backend_->gets, 3);
  EXPECT_EQ(backend_->views, 0);
}

TEST_F(TypedGetTest, AKeyMayNameASerialiserOfTheLibrary) {
  ASSERT_TRUE(cache_.SetByStr("k", 7).ok());
  const SerialisedBy<Default, Key<int>> key(Key<int>("k"));
  EXPECT_EQ(cache_.Get(key).value(), 7);
  EXPECT_EQ(backend_->views, 1);
}

static_assert(internal::ParsesViews<Serialiser<std::string>>);
static_assert(internal::ParsesViews<Serialiser<bool>>);
static_assert(internal::ParsesViews<Serialiser<double>>);
static_assert(!internal::ParsesViews<Serialiser<Bytes>>);
static_assert(!internal::ParsesViews<Serialiser<Point>>);
static_assert(!internal::ParsesViews<ShoutingSerialiser>);

// A get of Bytes passes the reference on, and does not add one.
TEST(BytesGetTest, ReturnsTheBytesOfTheBackend) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  const Lookup<Bytes> raw = cache.backend()->GetRaw("pyappcache/k");
  const Lookup<Bytes> found = cache.GetByStr<Bytes>("k");
  EXPECT_EQ(found->data(), raw->data());
}

}  // namespace
}  // namespace appcache
