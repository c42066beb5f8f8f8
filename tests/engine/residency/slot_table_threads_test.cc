// SlotTable with readers: they always find the keys that stay, whatever the
// writer does to others.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "engine/residency/slot_table.h"
#include "tests/support/random.h"
#include "tests/support/test_scale.h"

namespace appcache::residency::slot_table_threads_test {
namespace {

// How often the writer changes the table.
int Rounds() { return 50'000 * TestScale(); }

// Keys whose searches pass the same slots, with few tags. Of three numbers in a
// row, one is of a key that stays, one of a key that comes and goes, and one of
// a key that is never there.
int64_t Key(uint64_t number) {
  return static_cast<int64_t>(number % 8 | (number / 8) << 20 |
                              (number / 8 % 4) << 40);
}

constexpr uint64_t kStaying = 64;
constexpr uint64_t kGoing = 1000;

int64_t Staying(uint64_t i) { return Key(3 * i); }
int64_t Going(uint64_t i) { return Key(3 * i + 1); }
int64_t Missing(uint64_t i) { return Key(3 * i + 2); }

// The writer's side. Frees nothing before its end: when memory can be freed is
// the reclaimer's matter.
class Writer {
 public:
  ~Writer() {
    for (Slots* const old : old_) Slots::Free(old);
  }

  const TableWord& word() const { return word_; }

  void Insert(int64_t h) {
    if (Slots* const old = table_.Reserve(1)) old_.push_back(old);
    table_.Insert(New(h));
  }
  void Replace(int64_t h) { table_.Replace(New(h), false); }
  void Erase(int64_t h) { table_.Erase(h); }
  // The number of tables that were replaced.
  size_t replaced() const { return old_.size(); }

 private:
  const Entry* New(int64_t h) {
    entries_.emplace_back(Entry::NewAway(h, 1, 1, 0));
    return entries_.back().get();
  }

  TableWord word_;
  SlotTable table_{word_};
  std::vector<EntryPtr> entries_;
  std::vector<Slots*> old_;
};

// Reads until the writer stops. Returns the number of wrong results.
uint64_t Read(const TableWord& table, const std::atomic<bool>& is_writing) {
  uint64_t wrong = 0;
  while (is_writing) {
    for (uint64_t i = 0; i < kStaying; ++i) {
      const Entry* const stays = FindEntry(table, Staying(i));
      if (stays == nullptr || stays->h != Staying(i)) ++wrong;
      const Entry* const goes = FindEntry(table, Going(i));
      if (goes != nullptr && goes->h != Going(i)) ++wrong;
      if (FindEntry(table, Missing(i)) != nullptr) ++wrong;
    }
  }
  return wrong;
}

// Changes a table while two threads read it. Returns the number of wrong
// results.
uint64_t RunStress(RandomSource& random, int rounds) {
  Writer writer;
  for (uint64_t i = 0; i < kStaying; ++i) writer.Insert(Staying(i));
  std::atomic<bool> is_writing{true};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] { wrong += Read(writer.word(), is_writing); });
  }
  // The first `going` of the keys that go are there; their number goes up and
  // down, so that the table is replaced by larger and smaller ones.
  uint64_t going = 0;
  uint64_t target = kGoing;
  for (int i = 0; i < rounds; ++i) {
    if (going == target) target = random.Below(kGoing);
    if (random.Below(4) == 0) {
      writer.Replace(Staying(random.Below(kStaying)));
    } else if (going < target) {
      writer.Insert(Going(going++));
    } else if (going > target) {
      writer.Erase(Going(--going));
    }
  }
  is_writing = false;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(writer.replaced(), 3u);
  return wrong;
}

TEST(SlotTableThreadsTest, AReaderAlwaysFindsTheKeysThatStay) {
  RandomSource random;
  // Many tables, because each is replaced a few times only.
  constexpr int kRoundsPerTable = 1000;
  uint64_t wrong = 0;
  for (int i = 0; i < Rounds() / kRoundsPerTable; ++i) {
    wrong += RunStress(random, kRoundsPerTable);
  }
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace appcache::residency::slot_table_threads_test
