// Directory with readers, while a writer sets, removes and clears, and a third
// thread flushes: a value that is read belongs to its key, and is no older than
// the last change that was complete when the read began.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"
#include "tests/support/random.h"
#include "tests/support/test_scale.h"

namespace appcache::residency::directory_threads_test {
namespace {

// How many changes the writer makes.
int Rounds() { return 20'000 * TestScale(); }

constexpr uint64_t kKeys = 96;

// Few shards, and equal places within them.
int64_t H(uint64_t key) {
  return DirectoryDriver::H(key % 4 | (key / 12) << 20, key % 3);
}

// The number of a change is also its entry's expiry time, which a value that is
// away keeps.
std::string ValueOf(uint64_t key, int64_t change) {
  return std::to_string(key) + ":" + std::to_string(change);
}

// Changes of one key, which the writer numbers.
struct Changes {
  std::atomic<int64_t> last_set{0};       // complete
  std::atomic<int64_t> last_removal{0};   // complete
  std::atomic<int64_t> begun_removal{0};  // begun
};

class Stress {
 public:
  // The writer.
  void Write() {
    RandomSource random;
    for (int64_t change = 1; change <= Rounds(); ++change) {
      const uint64_t key = random.Below(kKeys);
      const uint64_t kind = random.Below(1000);
      if (kind < 600) {
        driver_.Set(H(key), ValueOf(key, change), change);
        changes_[key].last_set = change;
      } else if (kind < 980) {
        changes_[key].begun_removal = change;
        driver_.Remove(H(key));
        changes_[key].last_removal = change;
      } else {
        for (Changes& each : changes_) each.begun_removal = change;
        driver_.Clear();
        for (Changes& each : changes_) each.last_removal = change;
      }
    }
    is_writing_ = false;
  }

  // Takes, and writes or fails; values leave memory and return.
  void Flush() {
    RandomSource random;
    while (is_writing_) {
      for (const Taken& taken : driver_.Take()) {
        if (random.Below(4) == 0) {
          driver_.NotWritten(taken);
          continue;
        }
        driver_.Written(taken);
        if (taken.entry != nullptr && random.Below(2) == 0) Exchange(taken);
      }
      driver_.Reclaim();
    }
  }

  void Read() {
    uint64_t reads = 0;
    Epochs::Reader& reader = driver_.epochs().ForThisThread();
    while (is_writing_) {
      for (uint64_t key = 0; key < kKeys; ++key) ReadOne(reader, key);
      reads += kKeys;
    }
    reads_ += reads;
  }

  uint64_t reads() const { return reads_; }
  uint64_t misplaced() const { return misplaced_; }
  uint64_t outdated() const { return outdated_; }
  uint64_t missed() const { return missed_; }
  uint64_t removed() const { return removed_; }
  DirectoryDriver& driver() { return driver_; }

 private:
  void ReadOne(Epochs::Reader& reader, uint64_t key) {
    const int64_t set = changes_[key].last_set;
    const int64_t removal = changes_[key].last_removal;
    const Epochs::Section section(driver_.epochs(), reader);
    const Entry* const entry = driver_.directory().Find(H(key));
    if (entry == nullptr) {
      if (set > changes_[key].begun_removal) ++missed_;
      return;
    }
    const int64_t change = entry->expires_at_ms;
    if (entry->h != H(key) ||
        (entry->is_resident && entry->value() != ValueOf(key, change))) {
      ++misplaced_;
    }
    if (change < set) ++outdated_;
    if (change < removal) ++removed_;
    entry->record->tick.store(change, std::memory_order_relaxed);
  }

  // If it is still the entry, as the engine does.
  void Exchange(const Taken& taken) {
    Directory::Access access(driver_.directory(), taken.h);
    Record* const record = access->Find(taken.h);
    const Entry& entry = *taken.entry;
    if (record == nullptr || record->entry() != &entry ||
        record->Is(Record::kAbsent) || record->Is(Record::kDirty)) {
      return;
    }
    access->Exchange(*record, EntryPtr(Entry::NewAway(entry.h, entry.key_size,
                                                      entry.value_size,
                                                      entry.expires_at_ms)));
    if (entry.value_size % 2 == 0) return;
    access->Exchange(*record,
                     EntryPtr(Entry::New(entry.h, entry.key(), entry.value(),
                                         entry.expires_at_ms)));
  }

  DirectoryDriver driver_;
  std::array<Changes, kKeys> changes_;
  std::atomic<bool> is_writing_{true};
  std::atomic<uint64_t> reads_{0};
  std::atomic<uint64_t> misplaced_{0};
  std::atomic<uint64_t> outdated_{0};
  std::atomic<uint64_t> missed_{0};
  std::atomic<uint64_t> removed_{0};
};

TEST(DirectoryThreadsTest, AReaderSeesTheLastChangeThatWasComplete) {
  const auto stress = std::make_unique<Stress>();
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { stress->Read(); });
  threads.emplace_back([&] { stress->Flush(); });
  stress->Write();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stress->misplaced(), 0u) << "values of another key or change";
  EXPECT_EQ(stress->outdated(), 0u) << "values older than a set";
  EXPECT_EQ(stress->removed(), 0u) << "values older than a removal";
  EXPECT_EQ(stress->missed(), 0u) << "misses of what was set";
  EXPECT_GT(stress->reads(), 0u);

  stress->driver().Clear();
  stress->driver().Reclaim();
  const Directory& directory = stress->driver().directory();
  EXPECT_EQ(directory.sizes().pending_bytes, 0u);
  EXPECT_EQ(directory.sizes().resident_bytes, 0u);
  EXPECT_EQ(directory.record_count(), 0u);
  EXPECT_EQ(directory.sizes().visible.entries, 0);
  EXPECT_EQ(directory.sizes().visible.bytes, 0);
}

// An entry that is removed before another is added, to a shard that was already
// counted.
TEST(DirectoryThreadsTest, SizesAreOfOneMoment) {
  DirectoryDriver driver;
  const int64_t first = Directory::FirstOfShard(0);
  const int64_t last = Directory::FirstOfShard(Directory::kShards - 1);
  std::atomic<bool> is_read{false};
  std::thread writer([&] {
    while (!is_read) {
      for (const int64_t h : {first, last}) {
        driver.Set(h, "value");
        driver.Remove(h);
      }
    }
  });
  int64_t most = 0;
  for (int i = 0; i < Rounds(); ++i) {
    most = std::max(most, driver.directory().sizes().visible.entries);
  }
  is_read = true;
  writer.join();
  EXPECT_LE(most, 1);
}

// A record that is added for a row that is about to be written.
TEST(DirectoryThreadsTest, AReaderNeverSeesAnAbsentRecordThatIsAdded) {
  DirectoryDriver driver;
  std::atomic<bool> is_writing{true};
  std::atomic<uint64_t> seen{0};
  std::thread thread([&] {
    Epochs::Reader& reader = driver.epochs().ForThisThread();
    while (is_writing) {
      const Epochs::Section section(driver.epochs(), reader);
      if (driver.directory().Find(5) != nullptr) ++seen;
    }
  });
  for (int i = 0; i < 3 * Rounds() / 2; ++i) {
    {
      EntryPtr entry(Entry::NewAway(5, 3, 5, 0));
      Directory::Access access(driver.directory(), 5);
      access->Reserve(1, /*may_expire=*/false);
      access->PutAbsent(std::move(entry));
    }
    driver.Flush();
  }
  is_writing = false;
  thread.join();
  EXPECT_EQ(seen, 0u);
}

}  // namespace
}  // namespace appcache::residency::directory_threads_test
