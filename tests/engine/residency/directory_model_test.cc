// Directory against a model, by random operations, with a map as SQLite:
//
//   a clean entry equals its row
//   an h without a record has no row, unless a Clear waits to be written
//   after a flush, the rows are the visible entries
//
// APPCACHE_OPERATIONS: how many, for a longer run.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"
#include "tests/support/random.h"

namespace appcache::residency::directory_model_test {
namespace {

int TotalOperations() {
  const char* const asked = std::getenv("APPCACHE_OPERATIONS");
  return asked != nullptr ? std::stoi(asked) : 30'000;
}

constexpr size_t kLastShard = Directory::kShards - 1;

struct Visible {
  std::string value;
  int64_t expires_at_ms;

  friend bool operator==(const Visible&, const Visible&) = default;
};

class ModelRun {
 public:
  explicit ModelRun(RandomSource& random) : random_(random) {
    for (uint64_t i = 0; i < 8; ++i) {
      // In three shards, with equal places and tags.
      keys_.push_back(DirectoryDriver::H(i % 2 * 16 | i / 2 << 30, 0));
      keys_.push_back(DirectoryDriver::H(i, 1));
      keys_.push_back(DirectoryDriver::H(i, kLastShard));
    }
  }

  void Step() {
    const int64_t h = keys_[random_.Below(keys_.size())];
    switch (random_.Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Set(h);
      case 4:
      case 5:
        return Remove(h);
      case 6:
        return WriteThrough(h);
      case 7:
      case 8:
        return Exchange(h);
      case 9:
        return Rewrite(h);
      case 10:
        return Expire();
      case 11:
        if (random_.Below(30) == 0) Clear();
        return;
      default:
        if (batch_.empty()) {
          if (random_.Below(6) == 0) BeginFlush();
        } else {
          WriteSome(/*fails=*/random_.Below(4) == 0);
        }
    }
  }

  void Check() {
    for (const int64_t h : keys_) CheckKey(h);
    CheckSizes();
  }

  void Flush() {
    while (!batch_.empty()) WriteSome(false);
    BeginFlush();
    while (!batch_.empty()) WriteSome(false);
    if (clear_waits_) ClearRows();
    ASSERT_EQ(rows_, visible_);
  }

  void End() {
    driver_.Clear();
    visible_.clear();
    clear_waits_ = true;
    Flush();
    Check();
    driver_.Reclaim();
    EXPECT_EQ(driver_.directory().reclaimer().bytes(), 0u);
    EXPECT_EQ(driver_.directory().record_count(), 0u);
  }

 private:
  using Rows = std::map<int64_t, Visible>;

  // Small, and seldom the same.
  std::string Value() {
    return std::string(random_.Below(20), 'x') + std::to_string(++last_value_);
  }
  int64_t ExpiresAt() {
    return random_.Below(3) == 0 ? now_ms_ + 1 + random_.Below(50) : 0;
  }

  void Set(int64_t h) {
    const Visible value = {Value(), ExpiresAt()};
    driver_.Set(h, value.value, value.expires_at_ms);
    visible_[h] = value;
  }

  void Remove(int64_t h) {
    EXPECT_EQ(driver_.Remove(h), visible_.erase(h) == 1);
  }

  void Clear() {
    EXPECT_EQ(driver_.Clear(), visible_.size());
    visible_.clear();
    clear_waits_ = true;
  }

  // As ResidentEngine::WriteThrough. The caller of another flush would wait.
  void WriteThrough(int64_t h) {
    if (!batch_.empty()) return;
    if (clear_waits_) Flush();
    {
      Directory::Access access(driver_.directory(), h);
      access->Reserve(1, true);
      if (access->Find(h) == nullptr) {
        access->PutAbsent(EntryPtr(Entry::NewAway(h, 3, 5, 0)));
      }
    }
    Check();
    const Visible value = {Value(), ExpiresAt()};
    const bool fails = random_.Below(3) == 0;
    if (!fails || random_.Below(2) == 0) rows_[h] = value;
    if (fails) return MayHaveBeenWritten(h);
    driver_.SetClean(h, value.value, value.expires_at_ms);
    visible_[h] = value;
  }

  // The row may be another than that of the visible entry.
  void MayHaveBeenWritten(int64_t h) {
    driver_.NotWritten({h, 0, nullptr});
    if (driver_.Get(h) == "away") {
      Remove(h);
    } else {
      Rewrite(h);
    }
  }

  // A clean entry's value leaves memory, or returns from its row.
  void Exchange(int64_t h) {
    if (driver_.State(h) != "row") return;
    if (driver_.Get(h) == "away") {
      driver_.ExchangeBack(h, rows_.at(h).value);
    } else {
      driver_.ExchangeAway(h);
    }
  }

  void Rewrite(int64_t h) {
    Directory::Access access(driver_.directory(), h);
    Record* const record = access->Find(h);
    if (record == nullptr || record->Is(Record::kAbsent)) return;
    if (record->entry()->is_resident) access->Rewrite(*record);
  }

  void Expire() {
    now_ms_ += static_cast<int64_t>(random_.Below(20));
    for (const size_t shard : {size_t{0}, size_t{1}, kLastShard}) {
      for (;;) {
        std::pair<int64_t, int64_t> first = {now_ms_ + 1, -1};
        for (const auto& [h, value] : visible_) {
          if (Directory::ShardOf(h) != shard || value.expires_at_ms == 0 ||
              value.expires_at_ms > now_ms_) {
            continue;
          }
          first = std::min(first, {value.expires_at_ms, h});
        }
        if (first.second != -1) {
          ASSERT_LE(driver_.directory().FirstExpiryOf(shard), first.first);
        }
        ASSERT_EQ(driver_.FirstExpired(shard, now_ms_), first.second);
        if (first.second == -1) break;
        Remove(first.second);
      }
    }
  }

  // --- Flushes, between whose steps anything may happen.

  void BeginFlush() {
    batch_ = driver_.Take();
    flush_clears_ = std::exchange(clear_waits_, false);
    if (batch_.empty() && flush_clears_) ClearRows();
    std::shuffle(batch_.begin(), batch_.end(), std::mt19937(random_.Bits()));
  }

  void ClearRows() {
    rows_.clear();
    flush_clears_ = false;
    clear_waits_ = false;
  }

  // A transaction. If it fails, what the batch has left is dirty again; the
  // transaction may have been committed, though.
  void WriteSome(bool fails) {
    const size_t count = std::min(batch_.size(), size_t{1} + random_.Below(5));
    if (!fails || random_.Below(2) == 0) {
      if (flush_clears_) rows_.clear();
      for (size_t i = 0; i < count; ++i) Apply(batch_[i]);
    }
    if (fails) {
      for (const Taken& taken : batch_) driver_.NotWritten(taken);
      batch_.clear();
      clear_waits_ |= flush_clears_;
      return;
    }
    flush_clears_ = false;
    for (size_t i = 0; i < count; ++i) driver_.Written(batch_[i]);
    batch_.erase(batch_.begin(), batch_.begin() + count);
  }

  void Apply(const Taken& taken) {
    if (taken.entry == nullptr) {
      rows_.erase(taken.h);
    } else {
      rows_[taken.h] = {std::string(taken.entry->value()),
                        taken.entry->expires_at_ms};
    }
  }

  // --- The rules.

  void CheckKey(int64_t h) {
    const auto expected = visible_.find(h);
    const auto row = rows_.find(h);
    const std::string value = driver_.Get(h);
    Directory::Access access(driver_.directory(), h);
    const Record* const record = access->Find(h);
    if (record == nullptr) {
      ASSERT_EQ(value, "none");
      ASSERT_TRUE(expected == visible_.end());
      const bool will_clear = clear_waits_ || flush_clears_;
      ASSERT_TRUE(will_clear || row == rows_.end()) << "a row without a record";
      return;
    }
    ASSERT_EQ(record->entry()->h, h);
    ASSERT_EQ(record->entry()->record, record);
    if (record->Is(Record::kAbsent)) {
      ASSERT_TRUE(record->Is(Record::kHasRow));
      ASSERT_TRUE(record->Is(Record::kDirty) || record->Is(Record::kInBatch));
      ASSERT_TRUE(expected == visible_.end());
      ASSERT_EQ(value, "none");
      return;
    }
    ASSERT_TRUE(expected != visible_.end());
    ASSERT_EQ(record->entry()->expires_at_ms, expected->second.expires_at_ms);
    ASSERT_TRUE(value == expected->second.value || value == "away");
    if (record->Is(Record::kDirty) || record->Is(Record::kInBatch)) {
      ASSERT_NE(value, "away");
      return;
    }
    ASSERT_TRUE(row != rows_.end()) << "a clean entry has no row";
    ASSERT_EQ(row->second, expected->second);
  }

  void CheckSizes() {
    Directory& directory = driver_.directory();
    uint64_t pending = 0;
    uint64_t resident = 0;
    uint64_t absent = 0;
    size_t records = 0;
    size_t dirty = 0;
    directory.ForEach([&](const Record& record) {
      ++records;
      if (record.Is(Record::kDirty)) ++dirty;
      const size_t bytes = record.entry()->content_bytes();
      if (record.Is(Record::kAbsent)) {
        absent += bytes;
      } else if (record.Is(Record::kDirty)) {
        pending += bytes;
      } else if (!record.Is(Record::kInBatch)) {
        resident += bytes;
      }
    });
    for (const Taken& taken : batch_) {
      if (taken.entry != nullptr) pending += taken.entry->content_bytes();
    }
    ASSERT_EQ(directory.sizes().pending_bytes, pending);
    ASSERT_EQ(directory.sizes().resident_bytes, resident);
    ASSERT_EQ(directory.sizes().absent_bytes, absent);
    ASSERT_EQ(directory.record_count(), records);
    ASSERT_EQ(driver_.Dirty(DirectoryDriver::H(0, 0)) +
                  driver_.Dirty(DirectoryDriver::H(0, 1)) +
                  driver_.Dirty(DirectoryDriver::H(0, kLastShard)),
              dirty);
    int64_t bytes = 0;
    for (const auto& [h, value] : visible_) {
      bytes += static_cast<int64_t>(3 + value.value.size());
    }
    const Directory::Size size = directory.sizes().visible;
    ASSERT_EQ(size.entries, static_cast<int64_t>(visible_.size()));
    ASSERT_EQ(size.bytes, bytes);
  }

  RandomSource& random_;
  std::vector<int64_t> keys_;
  DirectoryDriver driver_;
  Rows visible_;
  Rows rows_;
  std::vector<Taken> batch_;
  // A Clear was not written yet; the batch begins with one.
  bool clear_waits_ = false;
  bool flush_clears_ = false;
  int64_t now_ms_ = 1000;
  int last_value_ = 0;
};

TEST(DirectoryModelTest, DirectoryDoesAsTheModel) {
  RandomSource random;
  constexpr int kOperationsPerRun = 1000;
  const int runs = std::max(1, TotalOperations() / kOperationsPerRun);
  for (int i = 0; i < runs && !testing::Test::HasFailure(); ++i) {
    ModelRun run(random);
    for (int step = 0; step < kOperationsPerRun; ++step) {
      SCOPED_TRACE("run " + std::to_string(i) + ", step " +
                   std::to_string(step));
      run.Step();
      run.Check();
      if (testing::Test::HasFailure()) return;
    }
    run.Flush();
    run.Check();
    run.End();
  }
}

}  // namespace
}  // namespace appcache::residency::directory_model_test
