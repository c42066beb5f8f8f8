// Read and ReadByStr: a read that shows the bytes of a value to a visitor.

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/allocations.h"
#include "tests/support/map_cache.h"

namespace appcache::read_visitor_test {
namespace {

using Operation = MapCache::Operation;

// A value that is stored compressed.
struct PageKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("page"); }
  bool should_compress(const std::string&, std::string_view) const {
    return true;
  }
};

// Its only value is "parsed".
struct OpaqueSerialiser {
  static std::string Serialise(const std::string&) { return "opaque"; }
  static std::optional<std::string> Deserialise(const Bytes&) {
    return "parsed";
  }
};
struct OpaqueKey {
  using value_type = std::string;
  using serialiser = OpaqueSerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("opaque"); }
};

// What a visitor of `cache.Read(key)` sees.
struct Seen {
  std::vector<std::string> values;  // one per call
  Lookup<size_t> result = Lookup<size_t>::Miss();
};

template <CacheKey K>
Seen ReadOf(Cache& cache, const K& key) {
  Seen seen;
  seen.result = cache.Read(
      key, [&](std::string_view bytes) { seen.values.emplace_back(bytes); });
  return seen;
}

template <CacheKey K>
void ExpectSees(Cache& cache, const K& key, const std::string& value) {
  const Seen seen = ReadOf(cache, key);
  ASSERT_TRUE(seen.result) << seen.result.status().ToString();
  EXPECT_EQ(*seen.result, value.size());
  EXPECT_EQ(seen.values, std::vector<std::string>{value});
}

TEST(ReadVisitorTest, TheVisitorSeesTheBytesOnce) {
  MapCache cache;
  const Key<std::string> key("k");
  ASSERT_TRUE(cache.Set(key, std::string("a\0b", 3)).ok());
  ExpectSees(cache, key, std::string("a\0b", 3));
  ASSERT_TRUE(cache.Set(key, "").ok());
  ExpectSees(cache, key, "");
}

TEST(ReadVisitorTest, TheVisitorSeesTheSerialisedForm) {
  MapCache cache;
  const Key<int> number("number");
  ASSERT_TRUE(cache.Set(number, -42).ok());
  ExpectSees(cache, number, "-42");
  ASSERT_TRUE(cache.Set(OpaqueKey(), "value").ok());
  ExpectSees(cache, OpaqueKey(), "opaque");
}

TEST(ReadVisitorTest, BytesThatDoNotParseAreAHit) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("number", "seven").ok());
  ExpectSees(cache, Key<int>("number"), "seven");
}

TEST(ReadVisitorTest, AMissDoesNotCallTheVisitor) {
  MapCache cache;
  const Seen seen = ReadOf(cache, Key<int>("none"));
  EXPECT_FALSE(seen.result);
  EXPECT_FALSE(seen.result.has_error());
  EXPECT_TRUE(seen.values.empty());
}

TEST(ReadVisitorTest, AnErrorDoesNotCallTheVisitor) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("k", 1).ok());
  cache.set_hook(
      Failing(Operation::kGet, Status(ErrorCode::kUnavailable, "down")));
  const Seen seen = ReadOf(cache, Key<int>("k"));
  EXPECT_TRUE(seen.result.status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(seen.values.empty());
}

TEST(ReadVisitorTest, AnExceptionOfTheBackendIsAnError) {
  MapCache cache;
  cache.set_hook([](Operation, std::string_view) -> Status {
    throw std::runtime_error("a bug");
  });
  const Seen seen = ReadOf(cache, Key<int>("k"));
  EXPECT_TRUE(seen.result.status().Is(ErrorCode::kInternal));
  EXPECT_TRUE(seen.values.empty());
}

TEST(ReadVisitorTest, ReadsTheBackendOnce) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("plain", "value").ok());
  ASSERT_TRUE(cache.Set(PageKey(), "value").ok());
  int reads = 0;
  cache.set_hook([&](Operation, std::string_view) {
    ++reads;
    return Status();
  });
  ExpectSees(cache, Key<std::string>("plain"), "value");
  EXPECT_EQ(reads, 1);
  ExpectSees(cache, PageKey(), "value");
  EXPECT_EQ(reads, 2);
}

TEST(ReadVisitorTest, AnExceptionOfTheVisitorReachesTheCaller) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("plain", "value").ok());
  ASSERT_TRUE(cache.Set(PageKey(), "value").ok());
  const auto throws = [](std::string_view) { throw std::domain_error("no"); };
  EXPECT_THROW((void)cache.ReadByStr("plain", throws), std::domain_error);
  EXPECT_THROW((void)cache.Read(PageKey(), throws), std::domain_error);
  EXPECT_THROW((void)cache.ReadByStr(
                   "plain", [](std::string_view) { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_THROW(
      (void)cache.ReadByStr("plain", [](std::string_view) { throw 7; }), int);
  EXPECT_FALSE(cache.ReadByStr("none", throws));
  ExpectSees(cache, Key<std::string>("plain"), "value");
  EXPECT_TRUE(cache.SetByStr("plain", "new").ok());
}

// Its ViewRaw runs the visitor inside the read, which it must not leave by an
// exception.
class GuardedBackend final : public MapBackend {
 public:
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    inside_ = true;
    auto viewed = MapBackend::ViewRaw(path, visitor);
    inside_ = false;
    viewed.set_origin(Origin::kStaleCopy);
    return viewed;
  }
  bool inside() const { return inside_; }

 private:
  bool inside_ = false;
};

TEST(ReadVisitorTest, AnExceptionOfTheVisitorDoesNotPassThroughTheBackend) {
  const auto backend = std::make_shared<GuardedBackend>();
  Cache cache(backend);
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  EXPECT_THROW((void)cache.ReadByStr("k",
                                     [&](std::string_view) {
                                       EXPECT_TRUE(backend->inside());
                                       throw std::domain_error("no");
                                     }),
               std::domain_error);
  EXPECT_FALSE(backend->inside());
}

TEST(ReadVisitorTest, TheVisitorOfACompressedValueRunsOutsideOfTheView) {
  const auto backend = std::make_shared<GuardedBackend>();
  Cache cache(backend);
  ASSERT_TRUE(cache.Set(PageKey(), std::string(1000, 'x')).ok());
  const Lookup<size_t> read =
      cache.Read(PageKey(), [&](std::string_view bytes) {
        EXPECT_FALSE(backend->inside());
        EXPECT_EQ(bytes, std::string(1000, 'x'));
      });
  EXPECT_EQ(read.value(), 1000u);
  EXPECT_EQ(read.origin(), Origin::kStaleCopy);
}

TEST(ReadVisitorTest, KeepsTheOrigin) {
  Cache cache(std::make_shared<GuardedBackend>());
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  const auto ignore = [](std::string_view) {};
  EXPECT_EQ(cache.ReadByStr("k", ignore).origin(), Origin::kStaleCopy);
  EXPECT_EQ(cache.ReadByStr("none", ignore).origin(), Origin::kStaleCopy);
}

TEST(ReadVisitorTest, CompressedValuesAreDecompressed) {
  MapCache cache;
  const std::string value(1000, 'x');
  ASSERT_TRUE(cache.Set(PageKey(), value).ok());
  ASSERT_LT(cache.StoredAt("pyappcache/page").size(), value.size());
  ExpectSees(cache, PageKey(), value);
  ASSERT_TRUE(cache.Set(PageKey(), "").ok());
  ExpectSees(cache, PageKey(), "");
}

TEST(ReadVisitorTest, ADamagedCompressedValueIsCorrupt) {
  MapCache cache;
  ASSERT_TRUE(
      cache.backend()->SetRaw("pyappcache/page", "\x1f\x8b no", kNoTtl).ok());
  const Seen seen = ReadOf(cache, PageKey());
  EXPECT_TRUE(seen.result.status().Is(ErrorCode::kCorrupt));
  EXPECT_TRUE(seen.values.empty());
}

struct GroupKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment("group"); }
};
struct MemberKey {
  using value_type = int;
  void AppendTo(KeyPath& path) const { path.Segment("member"); }
  GroupKey namespace_key() const { return {}; }
};

TEST(ReadVisitorTest, NamespacesAreResolvedAsByGet) {
  MapCache cache;
  EXPECT_FALSE(ReadOf(cache, MemberKey()).result);
  EXPECT_TRUE(ReadOf(cache, MemberKey()).result.status().ok());
  ASSERT_TRUE(cache.Set(GroupKey(), "v1").ok());
  ASSERT_TRUE(cache.Set(MemberKey(), 1).ok());
  ExpectSees(cache, MemberKey(), "1");
  ASSERT_TRUE(cache.Set(GroupKey(), "v2").ok());
  EXPECT_FALSE(ReadOf(cache, MemberKey()).result);
}

TEST(ReadVisitorTest, AStringNamesTheEntryOfTheKeyWithThatPath) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(Key<int>("user", 7), 5).ok());
  std::string seen;
  const Lookup<size_t> read =
      cache.ReadByStr("user/7", [&](std::string_view bytes) { seen = bytes; });
  EXPECT_EQ(read.value(), 1u);
  EXPECT_EQ(seen, "5");
}

TEST(ReadVisitorTest, ABackendOfFourFunctionsIsEnough) {
  struct SmallBackend final : Backend {
    Lookup<Bytes> GetRaw(std::string_view path) override {
      if (path != "pyappcache/k") return Lookup<Bytes>::Miss();
      return Lookup<Bytes>::Hit(value);
    }
    Status SetRaw(std::string_view, std::string_view data, Ttl) override {
      value = Bytes::Copy(data);
      return Status();
    }
    Status InvalidateRaw(std::string_view) override { return Status(); }
    Status ClearRaw() override { return Status(); }
    Bytes value;
  };
  Cache cache(std::make_shared<SmallBackend>());
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  ExpectSees(cache, Key<std::string>("k"), "value");
  // Its visitor runs after the read, and may write.
  const Lookup<size_t> read = cache.ReadByStr("k", [&](std::string_view bytes) {
    EXPECT_TRUE(cache.SetByStr("k", "new").ok());
    EXPECT_EQ(bytes, "value");
  });
  EXPECT_TRUE(read);
  ExpectSees(cache, Key<std::string>("k"), "new");
}

size_t calls_of_function = 0;
void CountCall(std::string_view) { ++calls_of_function; }

TEST(ReadVisitorTest, AVisitorIsAnyCallable) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  size_t size = 0;
  // Mutable, and cannot be copied.
  EXPECT_TRUE(cache.ReadByStr("k", [&, owned = std::make_unique<int>(1)](
                                       std::string_view bytes) mutable {
    *owned += 1;
    size = bytes.size() + static_cast<size_t>(*owned);
  }));
  EXPECT_EQ(size, 7u);
  // Its result is ignored.
  EXPECT_TRUE(cache.ReadByStr(
      "k", [](std::string_view bytes) { return bytes.front(); }));
  const auto constant = [&](std::string_view bytes) { size = bytes.size(); };
  EXPECT_TRUE(cache.ReadByStr("k", constant));
  EXPECT_EQ(size, 5u);
  EXPECT_TRUE(cache.ReadByStr("k", CountCall));
  EXPECT_EQ(calls_of_function, 1u);
}

// An rvalue is called as an lvalue: a visitor may be used again.
TEST(ReadVisitorTest, TheVisitorIsNotMovedFrom) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("k", "value").ok());
  struct Counter {
    int calls = 0;
    void operator()(std::string_view) & { ++calls; }
  } counter;
  EXPECT_TRUE(cache.ReadByStr("k", counter));
  EXPECT_TRUE(cache.ReadByStr("k", std::move(counter)));
  EXPECT_EQ(counter.calls, 2);  // NOLINT(bugprone-use-after-move)
}

TEST(ReadVisitorTest, ReadsMayBeNested) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr("a", "outer").ok());
  ASSERT_TRUE(cache.SetByStr("b", "inner").ok());
  std::string seen;
  EXPECT_TRUE(cache.ReadByStr("a", [&](std::string_view outer) {
    ExpectSees(cache, Key<std::string>("b"), "inner");
    seen = outer;
  }));
  EXPECT_EQ(seen, "outer");
}

TEST(ReadVisitorTest, AHitAllocatesNothing) {
  MapCache cache;
  const Key<std::string> key("k");
  ASSERT_TRUE(cache.Set(key, std::string(1000, 'v')).ok());
  size_t size = 0;
  const AllocationCounter allocations;
  (void)cache.Read(key, [&](std::string_view bytes) { size = bytes.size(); });
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(size, 1000u);
}

// Of a long path, and of a compressed value.
TEST(ReadVisitorTest, ExhaustedMemoryIsFull) {
  MapCache cache;
  const std::string long_name(300, 'n');
  ASSERT_TRUE(cache
                  .SetByStr(long_name, std::string(500, 'v'), kNoTtl,
                            Compression::kCompress)
                  .ok());
  bool any_failed = true;
  uint64_t first = 1;
  for (; any_failed; ++first) {
    ASSERT_LT(first, 100u);
    int calls = 0;
    Status status;
    {
      const FailingAllocations failing(first, 1);
      status = cache.ReadByStr(long_name, [&](std::string_view) { ++calls; })
                   .status();
      any_failed = failing.any_failed();
    }
    EXPECT_TRUE(any_failed ? status.Is(ErrorCode::kFull) : status.ok())
        << status.ToString();
    EXPECT_EQ(calls, any_failed ? 0 : 1);
  }
  EXPECT_GT(first, 3u);
}

}  // namespace
}  // namespace appcache::read_visitor_test
