// SlotTable: finds what was inserted, and its memory is bounded.

#include "engine/residency/slot_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace appcache::residency::slot_table_test {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

class SlotTableTest : public testing::Test {
 protected:
  EntryPtr Make(int64_t h) { return EntryPtr(Entry::NewAway(h, 1, 1, 0)); }

  // An entry with this h that lives as long as the test.
  Entry* Kept(int64_t h) {
    kept_.push_back(Make(h));
    return kept_.back().get();
  }

  // Returns whether the table was replaced.
  bool Reserve(size_t more = 1) {
    Slots* const old = table_.Reserve(more);
    if (old != nullptr) Slots::Free(old);
    return old != nullptr;
  }

  Entry* Insert(int64_t h) {
    Reserve();
    Entry* const entry = Kept(h);
    table_.Insert(entry);
    return entry;
  }

  void Detach() {
    if (Slots* const old = table_.Detach()) Slots::Free(old);
  }

  const Entry* Visible(int64_t h) const { return FindEntry(word_, h); }

  // The words of all slots.
  std::vector<uint64_t> Words() const {
    const uintptr_t word = word_.load();
    const auto* const slots =
        reinterpret_cast<const std::atomic<uint64_t>*>(word & ~uintptr_t{63});
    return {slots, slots + (size_t{1} << (word & 63))};
  }
  size_t Count(uint64_t word) const {
    const std::vector<uint64_t> words = Words();
    return static_cast<size_t>(std::count(words.begin(), words.end(), word));
  }

  TableWord word_;
  std::vector<EntryPtr> kept_;
  SlotTable table_{word_};
};

TEST_F(SlotTableTest, AnEmptyTableFindsNothingAndHasNoMemory) {
  for (const int64_t h : {int64_t{0}, int64_t{1}, int64_t{-1}, kLeast, kMost}) {
    EXPECT_EQ(Visible(h), nullptr);
    EXPECT_EQ(table_.Find(h), nullptr);
  }
  EXPECT_EQ(table_.memory_bytes(), 0u);
  EXPECT_EQ(word_.load(), EmptyTableWord());
}

TEST_F(SlotTableTest, EveryHMayBeUsed) {
  const int64_t all[] = {0, 1, 2, -1, -2, kLeast, kLeast + 1, kMost, kMost - 1};
  std::map<int64_t, Entry*> entries;
  for (const int64_t h : all) entries[h] = Insert(h);
  for (const int64_t h : all) {
    EXPECT_EQ(Visible(h), entries[h]) << h;
    EXPECT_EQ(table_.Find(h), entries[h]) << h;
  }
  for (const int64_t h : all) {
    table_.Erase(h);
    EXPECT_EQ(Visible(h), nullptr) << h;
    EXPECT_EQ(table_.Find(h), nullptr) << h;
  }
}

TEST_F(SlotTableTest, ReplacePublishesTheNewEntry) {
  Insert(5);
  Entry* const newer = Kept(5);
  table_.Replace(newer, /*is_absent=*/false);
  EXPECT_EQ(Visible(5), newer);
  EXPECT_EQ(table_.Find(5), newer);
}

TEST_F(SlotTableTest, AnAbsentEntryIsFoundOnlyByTheHolderOfTheLock) {
  Entry* const entry = Insert(5);
  table_.Replace(entry, /*is_absent=*/true);
  EXPECT_EQ(Visible(5), nullptr);
  EXPECT_EQ(table_.Find(5), entry);
}

TEST_F(SlotTableTest, AnAbsentEntryStaysAbsentWhenTheTableGrows) {
  Entry* const entry = Insert(5);
  table_.Replace(entry, /*is_absent=*/true);
  EXPECT_TRUE(Reserve(1000));
  EXPECT_EQ(Visible(5), nullptr);
  EXPECT_EQ(table_.Find(5), entry);
}

TEST_F(SlotTableTest, AnAbsentEntryMayBecomeVisible) {
  Entry* const entry = Insert(5);
  table_.Replace(entry, /*is_absent=*/true);
  table_.Replace(entry, /*is_absent=*/false);
  EXPECT_EQ(Visible(5), entry);
}

TEST_F(SlotTableTest, ATableKeepsItsEntriesWhenItGrows) {
  std::map<int64_t, Entry*> entries;
  for (int64_t h = 0; h < 2000; ++h) entries[h * 7919] = Insert(h * 7919);
  for (const auto& [h, entry] : entries) ASSERT_EQ(Visible(h), entry) << h;
}

TEST_F(SlotTableTest, ReserveMakesRoomForAllAtOnce) {
  Reserve(1000);
  for (int64_t h = 0; h < 1000; ++h) table_.Insert(Kept(h));
  for (int64_t h = 0; h < 1000; ++h) ASSERT_NE(Visible(h), nullptr) << h;
  EXPECT_GE(Count(slot::kEmpty), 333u) << "a search would be long";
}

TEST_F(SlotTableTest, DetachPublishesAnEmptyTable) {
  Insert(5);
  Insert(6);
  Slots* const old = table_.Detach();
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(word_.load(), EmptyTableWord());
  EXPECT_EQ(Visible(5), nullptr);
  EXPECT_EQ(table_.Find(5), nullptr);
  EXPECT_EQ(table_.memory_bytes(), 0u);
  Slots::Free(old);
  EXPECT_EQ(table_.Detach(), nullptr);
}

TEST_F(SlotTableTest, ADetachedTableCanBeFilledAgain) {
  for (int64_t h = 0; h < 1000; ++h) Insert(h);
  Detach();
  Entry* const entry = Insert(5);
  EXPECT_EQ(Visible(5), entry);
  EXPECT_EQ(Words().size(), 16u) << "as large as what it forgot";
}

// --- Erasing.

TEST_F(SlotTableTest, AnErasedEntryDoesNotHideThoseBehindIt) {
  Insert(3);
  Insert(3 + 16);
  Entry* const last = Insert(3 + 32);
  table_.Erase(3);
  table_.Erase(3 + 16);
  EXPECT_EQ(Visible(3 + 32), last);
  EXPECT_EQ(table_.Find(3 + 32), last);
  EXPECT_EQ(Count(slot::kDeleted), 2u);
}

TEST_F(SlotTableTest, EraseAtTheEndOfARunEmptiesTheDeletedSlotsBeforeIt) {
  for (const int64_t h : {3, 3 + 16, 3 + 32}) Insert(h);
  table_.Erase(3 + 16);
  table_.Erase(3);
  EXPECT_EQ(Count(slot::kDeleted), 2u);
  table_.Erase(3 + 32);
  EXPECT_EQ(Count(slot::kEmpty), 16u);
}

TEST_F(SlotTableTest, EraseAtTheEndOfARunStopsAtAnEntry) {
  Entry* const first = Insert(3);
  for (const int64_t h : {3 + 16, 3 + 32}) Insert(h);
  table_.Erase(3 + 16);
  table_.Erase(3 + 32);
  EXPECT_EQ(Count(slot::kEmpty), 15u);
  EXPECT_EQ(Visible(3), first);
}

TEST_F(SlotTableTest, ARunMayPassTheEndOfTheTable) {
  for (const int64_t h : {14, 14 + 16, 14 + 32, 14 + 48}) Insert(h);
  ASSERT_EQ(Words().size(), 16u);
  EXPECT_NE(Words()[0], slot::kEmpty);
  for (const int64_t h : {14 + 16, 14, 14 + 32}) table_.Erase(h);
  EXPECT_NE(Visible(14 + 48), nullptr);
  table_.Erase(14 + 48);
  EXPECT_EQ(Count(slot::kEmpty), 16u);
}

TEST_F(SlotTableTest, ADeletedSlotIsUsedAgain) {
  Insert(3);
  Insert(3 + 16);
  table_.Erase(3);
  EXPECT_EQ(Count(slot::kDeleted), 1u);
  Entry* const again = Insert(3 + 32);
  EXPECT_EQ(Count(slot::kDeleted), 0u);
  EXPECT_EQ(Visible(3 + 32), again);
}

// Many deleted slots also make a search long, so a new table follows them; but
// neither at every insertion, nor a larger one every time.
TEST_F(SlotTableTest, ComingAndGoingCostsFewTablesOfBoundedSize) {
  RandomSource random;
  for (const size_t live : {1, 10, 40, 76, 95, 96, 190, 191, 192}) {
    Detach();
    std::vector<EntryPtr> entries;
    constexpr size_t kRounds = 5000;
    size_t tables = 0;
    size_t most_slots = 0;
    for (size_t i = 0; i < kRounds; ++i) {
      if (entries.size() == live) {
        std::swap(entries[random.Below(live)], entries.back());
        table_.Erase(entries.back()->h);
        entries.pop_back();
      }
      tables += Reserve() ? 1 : 0;
      entries.push_back(Make(static_cast<int64_t>(random.Bits())));
      table_.Insert(entries.back().get());
      if (i % 64 == 0) most_slots = std::max(most_slots, Words().size());
    }
    EXPECT_LE(most_slots, std::max<size_t>(16, 4 * live + 4)) << live;
    EXPECT_LE(tables * std::max<size_t>(live / 4, 1), kRounds + 10 * live)
        << live;
    Detach();
  }
}

// --- Against a map.

// Values of h that have the same place, the same tag, both, or neither.
std::vector<int64_t> CollidingKeys() {
  std::vector<int64_t> keys = {-1, kLeast, kMost};
  for (const uint64_t place : {0, 1, 13, 15}) {
    for (const uint64_t tag : {0, 1, 0x7fff}) {
      for (const uint64_t other : {0, 1, 0xfff}) {
        keys.push_back(static_cast<int64_t>(place | tag << 40 | other << 20));
      }
    }
  }
  return keys;
}

TEST_F(SlotTableTest, FindsWhatAMapFinds) {
  struct Known {
    EntryPtr entry;
    bool is_absent;
  };
  RandomSource random;
  const std::vector<int64_t> keys = CollidingKeys();
  std::map<int64_t, Known> map;
  size_t limit = 0;
  for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
    if (i % 500 == 0) limit = 1 + random.Below(keys.size());
    const int64_t h = keys[random.Below(limit)];
    const auto found = map.find(h);
    EntryPtr old;
    if (random.Below(2000) == 0) {
      Detach();
      map.clear();
    } else if (found == map.end()) {
      Reserve(1 + random.Below(3));
      EntryPtr entry = Make(h);
      table_.Insert(entry.get());
      map[h] = {std::move(entry), false};
    } else if (random.Below(2) == 0) {
      table_.Erase(h);
      map.erase(found);
    } else {
      const bool is_absent = random.Below(2) == 0;
      old = std::exchange(found->second.entry, Make(h));
      table_.Replace(found->second.entry.get(), is_absent);
      found->second.is_absent = is_absent;
    }
    for (const int64_t each : keys) {
      const auto known = map.find(each);
      const Entry* const entry =
          known == map.end() ? nullptr : known->second.entry.get();
      const bool is_visible = entry != nullptr && !known->second.is_absent;
      ASSERT_EQ(table_.Find(each), entry) << each << " after " << i;
      ASSERT_EQ(Visible(each), is_visible ? entry : nullptr)
          << each << " after " << i;
    }
  }
  Detach();
}

}  // namespace
}  // namespace appcache::residency::slot_table_test
