// Fails the N-th allocation of an operation, for N = 1, 2, 3, ... until the
// operation succeeds; once alone and once with all allocations after it. Each
// time the result must be an error, nothing may be thrown, and the next
// operation must work.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/allocations.h"
#include "tests/support/map_cache.h"

namespace appcache::out_of_memory_test {
namespace {

// Longer than KeyPath::kInlineBytes, so that paths allocate.
const std::string& LongName() {
  static const std::string& name = *new std::string(300, 'n');
  return name;
}

struct LongKey {
  using value_type = std::string;
  void AppendTo(KeyPath& path) const { path.Segment(LongName()); }
  bool should_compress(const std::string&, std::string_view) const {
    return true;
  }
  Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
};

// The default log sink would allocate.
CacheOptions Silent() {
  CacheOptions options;
  options.log = [](LogLevel, std::string_view) {};
  return options;
}

class OutOfMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cache_.SetByStr<std::string>("ns", "v1").ok());
    ASSERT_TRUE(cache_.Set(LongKey(), value_).ok());
  }

  // Runs `operation` with failing allocations until none fails.
  void Exhaust(uint64_t failures, const std::function<Status()>& operation) {
    bool any_failed = true;
    uint64_t first = 1;
    for (; any_failed; ++first) {
      ASSERT_LT(first, 1000u) << "it never gets by";
      Status status;
      {
        FailingAllocations failing(first, failures);
        status = operation();
        any_failed = failing.any_failed();
      }
      EXPECT_TRUE(any_failed ? status.Is(ErrorCode::kFull) : status.ok())
          << "allocation " << first << ": " << status.ToString();
      // The cache still works.
      ASSERT_TRUE(cache_.Set(LongKey(), value_).ok());
      ASSERT_EQ(cache_.Get(LongKey()).value_or(""), value_);
    }
    // At least one allocation was made to fail.
    EXPECT_GT(first, 2u);
  }

  void ExhaustBothWays(const std::function<Status()>& operation) {
    Exhaust(1, operation);
    Exhaust(FailingAllocations::kForEver, operation);
  }

  MapCache cache_{Silent()};
  const std::string value_ = std::string(500, 'v');
};

TEST_F(OutOfMemoryTest, GetReturnsFull) {
  ExhaustBothWays([&] { return cache_.Get(LongKey()).status(); });
}

TEST_F(OutOfMemoryTest, GetByStrReturnsFull) {
  ASSERT_TRUE(cache_.SetByStr(LongName(), value_).ok());
  ExhaustBothWays(
      [&] { return cache_.GetByStr<std::string>(LongName()).status(); });
}

TEST_F(OutOfMemoryTest, SetReturnsFull) {
  ExhaustBothWays([&] { return cache_.Set(LongKey(), value_); });
}

TEST_F(OutOfMemoryTest, SetByStrReturnsFull) {
  ExhaustBothWays([&] {
    return cache_.SetByStr(LongName(), value_, kNoTtl, Compression::kCompress);
  });
}

TEST_F(OutOfMemoryTest, InvalidateReturnsFull) {
  ExhaustBothWays([&] { return cache_.Invalidate(LongKey()); });
  ExhaustBothWays([&] { return cache_.InvalidateByStr(LongName()); });
}

TEST_F(OutOfMemoryTest, BatchesReturnFull) {
  const std::vector<LongKey> keys(2);
  const std::vector<std::pair<LongKey, std::string>> entries = {
      {LongKey(), value_}, {LongKey(), value_}};
  ExhaustBothWays([&] { return cache_.SetMany(entries); });
  ExhaustBothWays([&] { return cache_.InvalidateMany(keys); });
  // GetMany allocates the vector that it returns, so only one failure at a
  // time.
  Exhaust(1, [&] {
    Status first_error;
    for (const auto& found : cache_.GetMany(keys)) {
      if (first_error.ok()) first_error = found.status();
    }
    return first_error;
  });
}

// GetVia always returns the value, also when the cache fails.
TEST_F(OutOfMemoryTest, GetViaReturnsTheLoadedValue) {
  struct NumberKey {
    using value_type = int;
    void AppendTo(KeyPath& path) const { path.Segment(LongName()); }
  };
  for (const uint64_t failures : {uint64_t{1}, FailingAllocations::kForEver}) {
    bool any_failed = true;
    for (uint64_t first = 1; any_failed; ++first) {
      ASSERT_TRUE(cache_.InvalidateByStr(LongName()).ok());
      int value = 0;
      {
        FailingAllocations failing(first, failures);
        value = cache_.GetVia(NumberKey(), [] { return 7; });
        any_failed = failing.any_failed();
      }
      EXPECT_EQ(value, 7) << "allocation " << first;
      // No flight is left over: the next value is stored.
      ASSERT_TRUE(cache_.InvalidateByStr(LongName()).ok());
      EXPECT_EQ(cache_.GetVia(NumberKey(), [] { return 8; }), 8);
      EXPECT_EQ(cache_.Get(NumberKey()).value_or(0), 8);
    }
  }
}

TEST_F(OutOfMemoryTest, ClearDuringALoadReturnsFull) {
  (void)cache_.GetVia(Key<int>("k"), [&] {
    Status cleared;
    {
      FailingAllocations failing(1, FailingAllocations::kForEver);
      cleared = cache_.Clear();
    }
    EXPECT_TRUE(cleared.Is(ErrorCode::kFull)) << cleared.ToString();
    EXPECT_TRUE(cache_.Clear().ok());
    return 7;
  });
  EXPECT_EQ(cache_.size(), 0u);
}

}  // namespace
}  // namespace appcache::out_of_memory_test
