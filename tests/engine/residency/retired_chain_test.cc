// RetiredChain: lists unlinked memory, and releases it.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/residency/reclaimer.h"
#include "tests/engine/residency/watched_entry.h"

namespace appcache::residency::retired_chain_test {
namespace {

TEST(RetiredChainTest, CountsWhatItHolds) {
  const WatchedEntry first(1, "12345");
  const WatchedEntry second(2, std::string(1000, 'x'));
  RetiredChain chain;
  EXPECT_TRUE(chain.is_empty());
  chain.Add(first.Retire(), false);
  EXPECT_FALSE(chain.is_empty());
  chain.Add(second.Retire(), true);
  Slots* const slots = Slots::New(16);
  const size_t table_bytes = slots->memory_bytes();
  chain.Add(slots);
  EXPECT_EQ(chain.count(), 3u);
  EXPECT_EQ(chain.bytes(),
            first->memory_bytes() + second->memory_bytes() + table_bytes);
  chain.ReleaseAll([](int64_t, Record*) {});
  EXPECT_TRUE(chain.is_empty());
  EXPECT_EQ(chain.count(), 0u);
  EXPECT_EQ(chain.bytes(), 0u);
  EXPECT_TRUE(first.is_freed());
  EXPECT_TRUE(second.is_freed());
}

TEST(RetiredChainTest, ReleasesTheNewestFirstAlsoAfterAnAppend) {
  std::vector<WatchedEntry> entries;
  for (int64_t h = 0; h < 6; ++h) entries.emplace_back(h);
  RetiredChain chain;
  RetiredChain more;
  RetiredChain empty;
  chain.Append(std::move(empty));
  for (int64_t h = 0; h < 6; ++h) {
    (h < 3 ? chain : more).Add(entries[h].Retire(), h % 2 == 0);
    (h < 3 ? chain : more).Add(Slots::New(16));
  }
  chain.Append(std::move(more));
  EXPECT_TRUE(more.is_empty());
  EXPECT_EQ(more.count() + more.bytes(), 0u);
  EXPECT_EQ(chain.count(), 12u);
  RetiredChain moved(std::move(chain));
  EXPECT_TRUE(chain.is_empty());
  std::vector<int64_t> with_record;
  moved.ReleaseAll([&](int64_t h, Record*) { with_record.push_back(h); });
  EXPECT_EQ(with_record, (std::vector<int64_t>{4, 2, 0}));
  for (const WatchedEntry& entry : entries) EXPECT_TRUE(entry.is_freed());
}

TEST(RetiredChainTest, CanBeFilledAfterAnAppend) {
  const WatchedEntry first(1);
  const WatchedEntry second(2);
  RetiredChain chain;
  RetiredChain more;
  for (int i = 0; i < 2; ++i) {
    chain.Add(Slots::New(16));
    more.Add(Slots::New(16));
  }
  more.Add(first.Retire(), false);
  chain.Append(std::move(more));
  chain.Add(second.Retire(), false);
  chain.Add(Slots::New(16));  // the leak checker counts these
  chain.ReleaseAll([](int64_t, Record*) {});
  EXPECT_TRUE(first.is_freed());
  EXPECT_TRUE(second.is_freed());
}

TEST(RetiredChainTest, CanBeFilledAfterItWasReleased) {
  const WatchedEntry first(1);
  const WatchedEntry second(2);
  RetiredChain chain;
  for (const WatchedEntry* const entry : {&first, &second}) {
    chain.Add(entry->Retire(), false);
    chain.Add(Slots::New(16));
    chain.ReleaseAll([](int64_t, Record*) {});
    EXPECT_TRUE(entry->is_freed());
  }
}

}  // namespace
}  // namespace appcache::residency::retired_chain_test
