// No exception of a backend, a serialiser or a key leaves the interface.

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::exception_test {
namespace {

using Operation = MapCache::Operation;

// The results of all single operations on a backend that calls `thrower`.
std::vector<Status> AllOperations(const std::function<void()>& thrower) {
  MapCache cache;
  cache.set_hook([&](Operation, std::string_view) {
    thrower();
    return Status();
  });
  const Key<int> key("k");
  std::vector<Status> statuses;
  statuses.push_back(cache.Get(key).status());
  statuses.push_back(cache.GetByStr<int>("k").status());
  statuses.push_back(cache.Set(key, 1));
  statuses.push_back(cache.SetByStr("k", 1));
  statuses.push_back(cache.Invalidate(key));
  statuses.push_back(cache.InvalidateByStr("k"));
  statuses.push_back(cache.Clear());
  return statuses;
}

TEST(ExceptionTest, AnExceptionOfABackendIsInternalWithItsText) {
  for (const Status& status :
       AllOperations([] { throw std::runtime_error("a bug"); })) {
    EXPECT_TRUE(status.Is(ErrorCode::kInternal)) << status.ToString();
    EXPECT_NE(status.ToString().find("a bug"), std::string::npos);
  }
}

TEST(ExceptionTest, ABackendThatIsOutOfMemoryIsFull) {
  for (const Status& status : AllOperations([] { throw std::bad_alloc(); })) {
    EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  }
}

TEST(ExceptionTest, AnExceptionOfNoStandardTypeIsInternal) {
  for (const Status& status : AllOperations([] { throw 42; })) {
    EXPECT_TRUE(status.Is(ErrorCode::kInternal)) << status.ToString();
  }
}

struct ThrowingSerialiser {
  static std::string Serialise(int) { throw std::domain_error("cannot write"); }
  static std::optional<int> Deserialise(const Bytes&) {
    throw std::domain_error("cannot read");
  }
};
struct UnserialisableKey {
  using value_type = int;
  using serialiser = ThrowingSerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("k"); }
};

TEST(ExceptionTest, AnExceptionOfASerialiserIsInternalAndStoresNothing) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(UnserialisableKey(), 1).Is(ErrorCode::kInternal));
  EXPECT_EQ(cache.size(), 0u);
  ASSERT_TRUE(cache.SetByStr("k", 1).ok());
  const Lookup<int> found = cache.Get(UnserialisableKey());
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kInternal);
}

struct ThrowingKey {
  using value_type = int;
  void AppendTo(KeyPath&) const { throw std::logic_error("no path"); }
};

TEST(ExceptionTest, AnExceptionOfAKeyIsInternal) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(ThrowingKey(), 1).Is(ErrorCode::kInternal));
  EXPECT_TRUE(cache.Invalidate(ThrowingKey()).Is(ErrorCode::kInternal));
  EXPECT_EQ(cache.Get(ThrowingKey()).error().code, ErrorCode::kInternal);
  EXPECT_EQ(cache.GetVia(ThrowingKey(), [] { return 7; }), 7);
}

struct UndecidedKey {
  using value_type = int;
  void AppendTo(KeyPath& path) const { path.Segment("k"); }
  bool should_compress(int, std::string_view) const {
    throw std::logic_error("cannot decide");
  }
};

TEST(ExceptionTest, AnExceptionOfShouldCompressIsInternalAndStoresNothing) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(UndecidedKey(), 1).Is(ErrorCode::kInternal));
  EXPECT_EQ(cache.GetVia(UndecidedKey(), [] { return 7; }), 7);
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace appcache::exception_test
