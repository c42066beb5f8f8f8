// Directory::Collection: it has what was dirty at one moment, also when other
// calls change the directory before it is finished.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"

namespace appcache::residency::directory_collection_test {
namespace {

class DirectoryCollectionTest : public testing::Test {
 protected:
  ~DirectoryCollectionTest() override { driver_.Clear(); }

  static int64_t H(size_t shard) { return DirectoryDriver::H(1, shard); }

  void Begin() {
    Directory::AccessAll all(driver_.directory());
    changes_.emplace(all);
  }

  // "SHARD=VALUE@TICK", sorted; of a removal, "SHARD removed".
  std::vector<std::string> Finish() {
    changes_->Finish();
    std::vector<std::string> found;
    changes_->TakeEach([&](Taken&& taken) {
      std::string text = std::to_string(Directory::ShardOf(taken.h));
      if (taken.entry == nullptr) {
        text += " removed";
      } else {
        text.append("=").append(taken.entry->value());
        text.append("@").append(std::to_string(taken.tick));
      }
      found.push_back(std::move(text));
      taken_.push_back(std::move(taken));
    });
    changes_.reset();
    std::sort(found.begin(), found.end());
    return found;
  }
  void Write() {
    for (const Taken& taken : taken_) driver_.Written(taken);
  }

  using Found = std::vector<std::string>;

  DirectoryDriver driver_;
  std::optional<Directory::Collection> changes_;
  std::vector<Taken> taken_;
};

TEST_F(DirectoryCollectionTest, HasNothingOfACleanDirectory) {
  Begin();
  EXPECT_EQ(Finish(), Found());
  driver_.SetClean(H(0), "clean");
  Begin();
  EXPECT_EQ(Finish(), Found());
}

TEST_F(DirectoryCollectionTest, HasWhatWasDirtyWhenItBegan) {
  driver_.Set(H(0), "a", 0, 10);
  driver_.Set(H(1), "b", 0, 11);
  driver_.SetClean(H(2), "c");
  driver_.Remove(H(2));
  driver_.Set(H(3), "d", 0, 12);
  Begin();
  driver_.Set(H(0), "later", 0, 20);
  driver_.Remove(H(1));
  driver_.Set(H(2), "later", 0, 21);
  driver_.Set(H(4), "later", 0, 22);  // nothing was dirty there
  EXPECT_EQ(Finish(), (Found{"0=a@10", "1=b@11", "2 removed", "3=d@12"}));
  EXPECT_EQ(driver_.State(H(0)), "dirty batch");
  EXPECT_EQ(driver_.State(H(1)), "dirty batch row absent");
  EXPECT_EQ(driver_.State(H(2)), "dirty batch row");
  EXPECT_EQ(driver_.State(H(3)), "batch");
  EXPECT_EQ(driver_.State(H(4)), "dirty");
  Write();
  EXPECT_EQ(driver_.Get(H(0)), "later");
  EXPECT_EQ(driver_.State(H(0)), "dirty row");
  EXPECT_EQ(driver_.State(H(1)), "dirty row absent");
  EXPECT_EQ(driver_.State(H(2)), "dirty");
  EXPECT_EQ(driver_.State(H(3)), "row");
}

TEST_F(DirectoryCollectionTest, TheNextOneHasWhatCameLater) {
  driver_.Set(H(0), "a", 0, 10);
  Begin();
  driver_.Set(H(0), "b", 0, 11);
  driver_.Set(H(1), "c", 0, 12);
  EXPECT_EQ(Finish(), Found{"0=a@10"});
  Write();
  Begin();
  EXPECT_EQ(Finish(), (Found{"0=b@11", "1=c@12"}));
}

TEST_F(DirectoryCollectionTest, AClearRemovesNothingFromIt) {
  driver_.Set(H(0), "a", 0, 10);
  driver_.Set(H(63), "b", 0, 11);
  Begin();
  EXPECT_EQ(driver_.Clear(), 2u);
  EXPECT_EQ(Finish(), (Found{"0=a@10", "63=b@11"}));
  EXPECT_EQ(driver_.Get(H(0)), "none");
  EXPECT_EQ(driver_.directory().sizes().pending_bytes, 8u) << "in the batch";
  Write();
  EXPECT_EQ(driver_.directory().sizes().pending_bytes, 0u);
}

// More than are fetched early.
TEST_F(DirectoryCollectionTest, HasEveryRecordOfAShard) {
  for (const uint64_t count : {1, 15, 16, 17, 31, 32, 33, 1000}) {
    SCOPED_TRACE(count);
    Found expected;
    for (uint64_t i = 0; i < count; ++i) {
      const std::string value = std::to_string(i);
      driver_.Set(DirectoryDriver::H(i), value, 0, 1);
      expected.push_back("0=" + value + "@1");
      // Between the dirty ones.
      driver_.SetClean(DirectoryDriver::H(1'000'000 + i), "clean");
    }
    std::sort(expected.begin(), expected.end());
    Begin();
    driver_.Set(DirectoryDriver::H(0), "later");
    EXPECT_EQ(Finish(), expected);
    Write();
    taken_.clear();
    driver_.Clear();
  }
}

}  // namespace
}  // namespace appcache::residency::directory_collection_test
