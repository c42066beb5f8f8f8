// WriteBatch and Writer::Apply: what one transaction does, and what it reports.

#include "engine/store/write_batch.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/store/database.h"
#include "engine/store/reader.h"
#include "engine/store/writer.h"
#include "engine/vfs/heap_vfs.h"
#include "tests/support/allocations.h"

namespace appcache::store::write_batch_test {
namespace {

// Numbers ticks from 100 on, and evicts what a test says.
class TestHooks final : public WriteHooks {
 public:
  using EvictWith =
      std::function<Status(policy::EvictionTarget&, policy::Evicted&)>;

  void set_evict(EvictWith evict) { evict_ = std::move(evict); }

  Status OnForeignWrites(int64_t newest) override {
    foreign_newest.push_back(newest);
    return Status();
  }
  int64_t NextTick() noexcept override { return next_tick_++; }
  Status Evict(policy::EvictionTarget& target,
               policy::Evicted& evicted) override {
    return evict_ ? evict_(target, evicted) : Status();
  }

  std::vector<int64_t> foreign_newest;

 private:
  EvictWith evict_;
  int64_t next_tick_ = 100;
};

class WriteBatchTest : public testing::Test {
 protected:
  WriteBatchTest() {
    DatabaseSettings settings;
    settings.log = [](LogLevel, std::string_view) {};
    database_ = OpenInMemory("write batch", settings).value();
    EXPECT_TRUE(writer_.Prepare(database_->writer()).ok());
    connection_ = database_->ConnectReader().value();
    EXPECT_TRUE(reader_.Prepare(connection_).ok());
  }

  WriteResult Apply(const WriteBatch& batch) {
    WriteResult result;
    const Status status = writer_.Apply(batch, hooks_, result);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return result;
  }

  void Put(int64_t h, std::string_view key, std::string_view value,
           int64_t expires_at_ms = 0) {
    WriteBatch batch;
    batch.Put({h, key, value, expires_at_ms});
    Apply(batch);
  }

  std::string ValueOf(int64_t h, std::string_view key) {
    const Lookup<FoundValue> found = reader_.Find(h, key);
    return found ? std::string(found->value.view()) : "<none>";
  }

  int64_t LastUsed(int64_t h) {
    Walk walk;
    EXPECT_TRUE(walk.Prepare(connection_, Walk::With::kKeys).ok());
    for (const WalkedRow& row : walk.Next().value()) {
      if (row.h == h) return row.last_used;
    }
    return -1;
  }

  TestHooks hooks_;
  std::unique_ptr<Database> database_;
  Writer writer_;
  Connection connection_;
  Reader reader_;
};

TEST_F(WriteBatchTest, ChangesAreAppliedInOrderAndInOneTransaction) {
  WriteBatch batch;
  batch.Put({1, "a", "first"});
  batch.Put({2, "b", "second"});
  batch.RemoveKey(1, "a");
  batch.Put({1, "a", "third"});
  const WriteResult result = Apply(batch);
  EXPECT_EQ(result.applied, 4u);
  EXPECT_EQ(result.removed, std::vector<int64_t>{1});
  EXPECT_EQ(result.counts.entries, 2);
  EXPECT_EQ(ValueOf(1, "a"), "third");
  EXPECT_EQ(ValueOf(2, "b"), "second");
}

TEST_F(WriteBatchTest, ARemovalIsReportedAndIsNoEviction) {
  Put(1, "a", "value");
  WriteBatch batch;
  batch.RemoveKey(1, "a");
  batch.RemoveKey(2, "missing");
  const WriteResult result = Apply(batch);
  EXPECT_EQ(result.removed, std::vector<int64_t>{1});
  EXPECT_EQ(result.evicted.evictions, 0u);
  EXPECT_TRUE(result.evicted.removed.empty());
}

TEST_F(WriteBatchTest, AKeyIsRemovedOnlyIfTheRowHasIt) {
  Put(1, "a", "value");
  WriteBatch batch;
  batch.RemoveKey(1, "of the same hash");
  EXPECT_TRUE(Apply(batch).removed.empty());
  EXPECT_EQ(ValueOf(1, "a"), "value");
}

TEST_F(WriteBatchTest, PutIfAbsentReplacesOnlyAnExpiredRow) {
  WriteBatch batch;
  batch.PutIfAbsent({1, "a", "new"}, /*now_ms=*/1000);
  EXPECT_TRUE(Apply(batch).added);
  EXPECT_FALSE(Apply(batch).added);
  Put(1, "a", "old", /*expires_at_ms=*/1001);
  EXPECT_FALSE(Apply(batch).added);
  Put(1, "a", "old", /*expires_at_ms=*/1000);
  EXPECT_TRUE(Apply(batch).added);
  EXPECT_EQ(ValueOf(1, "a"), "new");
}

TEST_F(WriteBatchTest, ARowGetsTheNextTickOrItsOwn) {
  WriteBatch batch;
  batch.Put({1, "a", "value"});
  batch.Put({2, "b", "value", 0, /*last_used=*/0});
  Apply(batch);
  EXPECT_EQ(LastUsed(1), 100);
  EXPECT_EQ(LastUsed(2), 0);
}

TEST_F(WriteBatchTest, AnAccessRaisesLastUsedAndRestoresNothing) {
  Put(1, "a", "value");
  const policy::Access accesses[] = {{1, 500}, {1, 400}, {2, 600}};
  WriteBatch batch;
  batch.SetAccesses(accesses);
  EXPECT_EQ(Apply(batch).counts.entries, 1);
  EXPECT_EQ(LastUsed(1), 500);
  EXPECT_EQ(LastUsed(2), -1);
}

TEST_F(WriteBatchTest, ClearComesFirstAndReportsHowManyItRemoved) {
  Put(1, "a", "value");
  Put(2, "b", "value");
  WriteBatch batch;
  batch.Put({3, "c", "value"});
  batch.Clear();
  const WriteResult result = Apply(batch);
  EXPECT_EQ(result.cleared, 2u);
  EXPECT_EQ(result.counts.entries, 1);
  EXPECT_EQ(ValueOf(3, "c"), "value");
}

TEST_F(WriteBatchTest, StopsWhenItHasRemovedTheLimitOfBytes) {
  for (int64_t h = 1; h <= 4; ++h) Put(h, "key", "0123456");
  WriteBatch batch;
  for (int64_t h = 1; h <= 4; ++h) batch.RemoveIfStartsWith(h, "ke");
  batch.LimitRemovedBytes(15);
  const WriteResult result = Apply(batch);
  EXPECT_EQ(result.applied, 2u);
  EXPECT_EQ(result.removed, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(result.counts.entries, 2);
}

TEST_F(WriteBatchTest, AFailureOfTheHooksUndoesTheBatch) {
  Put(1, "a", "value");
  hooks_.set_evict([](policy::EvictionTarget& target, policy::Evicted&) {
    EXPECT_TRUE(target.RemoveExpired({1, 0}).ok());
    return Status(ErrorCode::kUnavailable, "no");
  });
  WriteBatch batch;
  batch.Put({2, "b", "value"});
  WriteResult result;
  EXPECT_TRUE(writer_.Apply(batch, hooks_, result).Is(ErrorCode::kUnavailable));
  EXPECT_EQ(ValueOf(1, "a"), "value");
  EXPECT_EQ(ValueOf(2, "b"), "<none>");
  hooks_.set_evict(nullptr);
  EXPECT_EQ(Apply(WriteBatch()).counts.entries, 1);
}

TEST_F(WriteBatchTest, WhatTheHooksEvictIsPartOfTheResult) {
  Put(1, "a", "value");
  hooks_.set_evict(
      [](policy::EvictionTarget& target, policy::Evicted& evicted) {
        const auto oldest = target.LeastRecent();
        EXPECT_TRUE(oldest.ok() && *oldest);
        evicted.removed.push_back((*oldest)->h);
        ++evicted.evictions;
        return target.RemoveCandidate(**oldest);
      });
  WriteBatch batch;
  batch.Put({2, "b", "value"});
  const WriteResult result = Apply(batch);
  EXPECT_EQ(result.evicted.removed, std::vector<int64_t>{1});
  EXPECT_EQ(result.counts.entries, 1);
  EXPECT_EQ(ValueOf(2, "b"), "value");
}

TEST_F(WriteBatchTest, AnAddThatFindsAnEntryEvictsNothing) {
  Put(1, "a", "value");
  int evictions = 0;
  hooks_.set_evict([&](policy::EvictionTarget&, policy::Evicted&) {
    ++evictions;
    return Status();
  });
  WriteBatch batch;
  batch.PutIfAbsent({1, "a", "other"}, /*now_ms=*/1000);
  EXPECT_FALSE(Apply(batch).added);
  EXPECT_EQ(evictions, 0);
  WriteBatch absent;
  absent.PutIfAbsent({2, "b", "value"}, /*now_ms=*/1000);
  EXPECT_TRUE(Apply(absent).added);
  EXPECT_EQ(evictions, 1);
}

TEST_F(WriteBatchTest, ForeignWritesAreReportedBeforeATickIsDrawn) {
  Put(1, "a", "value");
  hooks_.foreign_newest.clear();
  Put(2, "b", "value");
  EXPECT_TRUE(hooks_.foreign_newest.empty());
  // Another connection writes: a later tick than ours.
  const std::string name(sqlite3_db_filename(connection_.get(), "main"));
  Result<Connection> other =
      Connection::Open(name, SQLITE_OPEN_READWRITE, vfs::kHeapVfsName, name,
                       std::chrono::milliseconds(0));
  ASSERT_TRUE(other.ok()) << other.status().ToString();
  ASSERT_TRUE(
      other
          ->Execute("UPDATE usage SET last_used = 9000 WHERE h = 1", "write to")
          .ok());
  Put(3, "c", "value");
  EXPECT_EQ(hooks_.foreign_newest, std::vector<int64_t>{9000});
}

TEST_F(WriteBatchTest, BothConnectionsOfADatabaseInMemoryUseALog) {
  for (const Connection* const connection :
       {&database_->writer(), &connection_}) {
    EXPECT_EQ(connection->QueryText("PRAGMA journal_mode", "read").value(),
              "wal");
  }
}

TEST_F(WriteBatchTest, ABatchOfOneChangeDoesNotAllocate) {
  const Row row{1, "a", "value"};
  const AllocationCounter allocations;
  WriteBatch batch;
  batch.Reserve(1);
  batch.Put(row);
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(batch.size(), 1u);
}

}  // namespace
}  // namespace appcache::store::write_batch_test
