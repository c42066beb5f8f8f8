// Batches: one call of the remote for the paths without a local copy.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache::batch_test {
namespace {

// Counts its calls, and the sizes of batches.
class BatchRemote final : public Backend {
 public:
  explicit BatchRemote(std::shared_ptr<MapBackend> map)
      : map_(std::move(map)) {}

  int calls = 0;
  std::vector<size_t> sizes;

  BackendTraits Traits() const override { return map_->Traits(); }
  Lookup<Bytes> GetRaw(std::string_view path) override {
    ++calls;
    return map_->GetRaw(path);
  }
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    ++calls;
    return map_->GetTimedRaw(path);
  }
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override {
    Count(paths.size());
    return map_->GetManyTimedRaw(paths);
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    ++calls;
    return map_->SetRaw(path, value, ttl);
  }
  Status SetManyRaw(std::span<const RawEntry> entries) override {
    Count(entries.size());
    return map_->SetManyRaw(entries);
  }
  Status InvalidateRaw(std::string_view path) override {
    ++calls;
    return map_->InvalidateRaw(path);
  }
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override {
    Count(paths.size());
    return map_->InvalidateManyRaw(paths);
  }
  Status ClearRaw() override { return map_->ClearRaw(); }

 private:
  void Count(size_t size) {
    ++calls;
    sizes.push_back(size);
  }

  const std::shared_ptr<MapBackend> map_;
};

class BatchTest : public TierFixture {
 protected:
  BatchTest() { tier_ = *TieredCache::Open(local_, batch_remote_, options_); }

  std::string Values(std::span<const std::string_view> paths) {
    std::string values;
    for (const Lookup<Bytes>& found : raw().GetManyRaw(paths)) {
      values += found ? std::string(found->view()) : "-";
    }
    return values;
  }

  const std::shared_ptr<BatchRemote> batch_remote_ =
      std::make_shared<BatchRemote>(remote_);
};

TEST_F(BatchTest, PathsWithACopyAreNotFetched) {
  const std::string_view paths[] = {"pyappcache/a", "pyappcache/b",
                                    "pyappcache/c", "other/d", "pyappcache/b"};
  OthersSet("pyappcache/a", "A");
  OthersSet("pyappcache/b", "B");
  OthersSet("other/d", "D");
  EXPECT_EQ(Values({&paths[0], 1}), "A");
  batch_remote_->calls = 0;
  EXPECT_EQ(Values(paths), "AB-DB");
  EXPECT_EQ(batch_remote_->calls, 1);
  EXPECT_EQ(batch_remote_->sizes, (std::vector<size_t>{1, 4}));
  batch_remote_->calls = 0;
  const std::string_view copied[] = {"pyappcache/b", "pyappcache/a"};
  EXPECT_EQ(Values(copied), "BA");
  EXPECT_EQ(batch_remote_->calls, 0);
}

TEST_F(BatchTest, AWriteIsOneCallAndDropsTheCopies) {
  OthersSet("pyappcache/a", "A");
  EXPECT_EQ(Get("pyappcache/a"), "hit:A");
  batch_remote_->calls = 0;
  const RawEntry entries[] = {{"pyappcache/a", "1"}, {"pyappcache/b", "2"}};
  ASSERT_TRUE(raw().SetManyRaw(entries).ok());
  EXPECT_EQ(batch_remote_->calls, 1);
  const std::string_view paths[] = {"pyappcache/a", "pyappcache/b"};
  EXPECT_EQ(Values(paths), "12");
  batch_remote_->calls = 0;
  ASSERT_TRUE(raw().InvalidateManyRaw(paths).ok());
  EXPECT_EQ(batch_remote_->calls, 1);
  EXPECT_EQ(Values(paths), "--");
}

TEST_F(BatchTest, QueuedPathsAreInvalidatedInOneCall) {
  const std::string_view paths[] = {"pyappcache/a", "pyappcache/b",
                                    "pyappcache/c", "pyappcache/a"};
  OthersSet("pyappcache/a", "A");
  down_ = true;
  ASSERT_FALSE(raw().InvalidateManyRaw({&paths[0], 2}).ok());
  down_ = false;
  OthersSet("pyappcache/c", "C");
  batch_remote_->calls = 0;
  EXPECT_EQ(Values(paths), "--C-");
  EXPECT_EQ(batch_remote_->calls, 2);
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
}

// The search for the entries that are not rejected is bounded.
TEST_F(BatchTest, ABatchOfRejectedEntriesTakes65Calls) {
  remote_->set_hook([](Operation, std::string_view) {
    return Status(ErrorCode::kUnsupported, "not permitted");
  });
  std::vector<std::string> names;
  for (int i = 0; i < 1'000; ++i) {
    names.push_back("pyappcache/" + std::to_string(i));
  }
  const std::vector<std::string_view> paths(names.begin(), names.end());
  batch_remote_->calls = 0;
  EXPECT_TRUE(raw().InvalidateManyRaw(paths).Is(ErrorCode::kUnsupported));
  EXPECT_EQ(batch_remote_->calls, 65);
}

TEST_F(BatchTest, EmptyBatchesCallNobody) {
  batch_remote_->calls = 0;
  EXPECT_EQ(Values({}), "");
  EXPECT_TRUE(raw().SetManyRaw({}).ok());
  EXPECT_TRUE(raw().InvalidateManyRaw({}).ok());
  EXPECT_EQ(batch_remote_->calls, 0);
}

}  // namespace
}  // namespace appcache::batch_test
