// Each allocation of an operation on an LmdbCache fails in turn, alone or with
// all later ones. Only that call fails, and the next one succeeds.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/support/allocations.h"
#include "tests/support/temp_dir.h"

namespace appcache::out_of_memory_test {
namespace {

// Path to value.
using Contents = std::map<std::string, std::string>;

class LmdbOutOfMemoryTest : public testing::Test {
 protected:
  Backend& backend() const { return *cache_->backend(); }

  Contents Stored() {
    Contents stored;
    for (const std::string& path :
         {std::string("p/1"), long_path_, new_path_}) {
      const std::string value = ValueIn(*cache_, path);
      if (value != "<miss>") stored[path] = value;
    }
    return stored;
  }

  void Fill() {
    ASSERT_TRUE(cache_->Clear().ok());
    for (const auto& [path, value] : before_) {
      ASSERT_TRUE(backend().SetRaw(path, value, kNoTtl).ok());
    }
  }

  // Expects `after` when `run` succeeds. `run` must not allocate anything that
  // the operation does not.
  void FailEverywhere(const std::function<Status()>& run,
                      const Contents& after) {
    int failed = 0;
    for (const uint64_t failures :
         {uint64_t{1}, FailingAllocations::kForEver}) {
      bool any_failed = true;
      for (uint64_t first = 1; any_failed && !HasFailure(); ++first) {
        SCOPED_TRACE(first);
        ASSERT_LT(first, 1000u) << "the operation never succeeds";
        Attempt(run, after, {first, failures}, any_failed);
        if (any_failed) ++failed;
      }
    }
    // Otherwise the test has tested nothing.
    EXPECT_GT(failed, 0);
  }

  const std::string long_path_ = "p/" + std::string(600, 'k');
  const std::string new_path_ = "p/new" + std::string(600, 'k');
  const std::string value_ = std::string(5000, 'v');
  const Contents before_ = {{"p/1", "value"}, {long_path_, value_}};

  const TempDir directory_{"/dev/shm"};
  const std::unique_ptr<LmdbCache> cache_ = OpenLmdb(directory_.path());

 private:
  struct Plan {
    uint64_t first;
    uint64_t failures;
  };

  void Attempt(const std::function<Status()>& run, const Contents& after,
               Plan plan, bool& any_failed) {
    Fill();
    Status status;
    {
      const FailingAllocations failing(plan.first, plan.failures);
      status = run();
      any_failed = failing.any_failed();
    }
    if (!status.ok()) {
      EXPECT_TRUE(any_failed) << status.ToString();
      EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
    }
    EXPECT_EQ(Stored(), status.ok() ? after : before_);
    const Status again = run();
    EXPECT_TRUE(again.ok()) << again.ToString();
    EXPECT_EQ(Stored(), after);
  }
};

TEST_F(LmdbOutOfMemoryTest, Get) {
  for (const std::string_view path :
       {std::string_view("p/1"), std::string_view(long_path_)}) {
    FailEverywhere(
        [&] {
          const Lookup<Bytes> found = backend().GetRaw(path);
          // Not a plain miss, because the entry exists.
          EXPECT_TRUE(found || found.has_error());
          return found.status();
        },
        before_);
  }
}

TEST_F(LmdbOutOfMemoryTest, Set) {
  for (const std::string_view path :
       {std::string_view(long_path_), std::string_view(new_path_)}) {
    Contents after = before_;
    after[std::string(path)] = "other";
    FailEverywhere(
        [&] { return backend().SetRaw(path, "other", Ttl(1 << 30)); }, after);
  }
}

TEST_F(LmdbOutOfMemoryTest, SetMany) {
  const std::vector<RawEntry> entries = {{"p/1", "1", kNoTtl},
                                         {long_path_, "2", kNoTtl},
                                         {new_path_, value_, kNoTtl}};
  FailEverywhere([&] { return backend().SetManyRaw(entries); },
                 {{"p/1", "1"}, {long_path_, "2"}, {new_path_, value_}});
}

TEST_F(LmdbOutOfMemoryTest, SetTtl) {
  for (const std::string_view path :
       {std::string_view("p/1"), std::string_view(long_path_)}) {
    FailEverywhere(
        [&] {
          const Result<bool> found = backend().SetTtlRaw(path, Ttl(1 << 30));
          EXPECT_TRUE(!found.ok() || *found);
          return found.status();
        },
        before_);
  }
}

TEST_F(LmdbOutOfMemoryTest, Walk) {
  FailEverywhere(
      [&] {
        return backend().WalkRaw({"", /*with_values=*/true},
                                 [](const WalkedEntry&) { return true; });
      },
      before_);
}

TEST_F(LmdbOutOfMemoryTest, InvalidatePrefix) {
  FailEverywhere([&] { return backend().InvalidatePrefixRaw("p/"); }, {});
}

// They make room, so they must work when memory is exhausted.
TEST_F(LmdbOutOfMemoryTest, InvalidateAndClearAllocateNothing) {
  Fill();
  Status invalidated;
  Status cleared;
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    invalidated = backend().InvalidateRaw(long_path_);
  }
  EXPECT_TRUE(invalidated.ok()) << invalidated.ToString();
  EXPECT_EQ(Stored(), (Contents{{"p/1", "value"}}));
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    cleared = cache_->Clear();
  }
  EXPECT_TRUE(cleared.ok()) << cleared.ToString();
  EXPECT_EQ(Stored(), Contents());
}

TEST_F(LmdbOutOfMemoryTest, AddAllocatesNothing) {
  Fill();
  Result<bool> added = false;
  {
    const FailingAllocations failing(1, FailingAllocations::kForEver);
    added = backend().AddRaw(new_path_, "other", Ttl(1 << 30));
  }
  EXPECT_TRUE(added.ok() && *added) << added.status().ToString();
  EXPECT_EQ(ValueIn(*cache_, new_path_), "other");
}

}  // namespace
}  // namespace appcache::out_of_memory_test
