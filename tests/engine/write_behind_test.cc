// A write to a database in memory reaches SQLite with the next flush: what a
// flush writes, when it runs, and what it leaves out.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/support/await.h"

namespace appcache::write_behind_test {
namespace {

using std::chrono::milliseconds;

constexpr char kName[] = "write-behind";
constexpr char kEntries[] = "SELECT key, value FROM entries ORDER BY key";
constexpr char kOrder[] =
    "SELECT key FROM entries JOIN usage USING (h) ORDER BY last_used";

class WriteBehindTest : public testing::Test {
 protected:
  WriteBehindTest() {
    options_.clock = clock_;
    Open();
    shell_.emplace(ConnectTo(kName));
  }

  void Open() { cache_ = Must(SqliteCache::OpenInMemory(options_, kName)); }

  void Flush() {
    const Status flushed = cache_->Flush();
    ASSERT_TRUE(flushed.ok()) << flushed.ToString();
  }

  void Invalidate(std::string_view path) {
    EXPECT_TRUE(cache_->backend()->InvalidateRaw(path).ok());
  }

  Strings Rows() const { return shell_->Rows(kEntries); }

  // From here on, Changes() are the changes of rows of entries, in order.
  void CountChanges() {
    const PlainSqlite writer = ConnectToWrite(kName);
    writer.Run(
        "CREATE TABLE changes(what);"
        "CREATE TRIGGER a AFTER INSERT ON entries BEGIN"
        " INSERT INTO changes VALUES ('put ' || CAST(NEW.key AS TEXT)); END;"
        "CREATE TRIGGER b AFTER UPDATE ON entries BEGIN"
        " INSERT INTO changes VALUES ('put ' || CAST(NEW.key AS TEXT)); END;"
        "CREATE TRIGGER c AFTER DELETE ON entries BEGIN"
        " INSERT INTO changes VALUES ('remove ' || CAST(OLD.key AS TEXT));"
        " END;"
        "CREATE TABLE writes(what);"
        "CREATE TRIGGER d AFTER INSERT ON usage BEGIN"
        " INSERT INTO writes VALUES (1); END;"
        "CREATE TRIGGER e AFTER UPDATE ON usage BEGIN"
        " INSERT INTO writes VALUES (1); END;"
        "CREATE TRIGGER f AFTER UPDATE ON meta BEGIN"
        " INSERT INTO writes VALUES (1); END");
  }
  // How often anything else was written.
  int64_t OtherWrites() const {
    return shell_->Int("SELECT count(*) FROM writes");
  }
  Strings Changes() const {
    return shell_->Rows("SELECT what FROM changes ORDER BY rowid");
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  std::optional<PlainSqlite> shell_;
};

TEST_F(WriteBehindTest, AConnectionSeesASetAfterTheFlush) {
  Set(*cache_, "a");
  EXPECT_EQ(Rows(), Strings());
  EXPECT_EQ(Get(*cache_, "a"), "value");
  Flush();
  EXPECT_EQ(Rows(), (Strings{"a|value"}));
}

TEST_F(WriteBehindTest, AConnectionSeesARemovalAfterTheFlush) {
  Set(*cache_, "a");
  Set(*cache_, "b");
  Flush();
  Invalidate("a");
  EXPECT_EQ(Get(*cache_, "a"), "<miss>");
  EXPECT_EQ(Rows(), (Strings{"a|value", "b|value"}));
  Flush();
  EXPECT_EQ(Rows(), (Strings{"b|value"}));
}

TEST_F(WriteBehindTest, CloseWritesEverything) {
  Set(*cache_, "removed");
  Set(*cache_, "a");
  Flush();
  Set(*cache_, "b", "new", Ttl(1500));
  Get(*cache_, "a");
  Invalidate("removed");
  ASSERT_TRUE(cache_->Close().ok());
  cache_.reset();
  EXPECT_EQ(Rows(), (Strings{"a|value", "b|new"}));
  EXPECT_EQ(shell_->Rows(kOrder), (Strings{"b", "a"}));
  const int64_t now_ms =
      std::chrono::floor<milliseconds>(clock_->Now().time_since_epoch())
          .count();
  EXPECT_EQ(shell_->Int("SELECT expires_at FROM entries WHERE"
                        " CAST(key AS TEXT) = 'b'"),
            now_ms + 1500);
  EXPECT_EQ(shell_->Text("SELECT entry_count || '|' || total_bytes FROM meta"),
            "2|10");
  Open();
  EXPECT_EQ(Get(*cache_, "a"), "value");
  EXPECT_EQ(Get(*cache_, "b"), "new");
  EXPECT_EQ(Get(*cache_, "removed"), "<miss>");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(WriteBehindTest, TheDestructorWritesEverything) {
  Set(*cache_, "a");
  cache_.reset();
  EXPECT_EQ(Rows(), (Strings{"a|value"}));
}

// The clock stands still: the times are made distinct.
TEST_F(WriteBehindTest, AccessesAreWrittenAsDistinctTimesInTheirOrder) {
  for (const char* const path : {"a", "b", "c", "d"}) Set(*cache_, path);
  Get(*cache_, "b");
  Flush();
  EXPECT_EQ(shell_->Rows(kOrder), (Strings{"a", "c", "d", "b"}));
  Get(*cache_, "a");
  Set(*cache_, "e");
  Get(*cache_, "d");
  Flush();
  EXPECT_EQ(shell_->Rows(kOrder), (Strings{"c", "b", "a", "e", "d"}));
  EXPECT_EQ(shell_->Int("SELECT count(DISTINCT last_used) FROM usage"), 5);
}

TEST_F(WriteBehindTest, TheOrderOutlivesTheCache) {
  options_.max_entries = 3;
  cache_.reset();
  shell_.reset();
  Open();
  shell_.emplace(ConnectTo(kName));
  for (const char* const path : {"a", "b", "c"}) Set(*cache_, path);
  Get(*cache_, "a");
  cache_.reset();
  Open();
  Set(*cache_, "d");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "c", "d"}));
}

TEST_F(WriteBehindTest, AChangeIsWrittenWhenTheIntervalHasPassed) {
  Set(*cache_, "a");
  clock_->Advance(options_.write_behind_interval - milliseconds(1));
  EXPECT_EQ(Rows(), Strings());
  clock_->Advance(milliseconds(1));
  EXPECT_TRUE(Await([&] { return Rows() == Strings{"a|value"}; }));
  // And again.
  Invalidate("a");
  clock_->Advance(options_.write_behind_interval);
  EXPECT_TRUE(Await([&] { return Rows().empty(); }));
  EXPECT_TRUE(Await([&] { return *cache_->Stats().pending_bytes == 0; }));
}

TEST_F(WriteBehindTest, AHalfFullWindowIsWrittenWithoutWaiting) {
  options_.write_behind_bytes = 64 << 10;
  cache_.reset();
  shell_.reset();
  Open();
  shell_.emplace(ConnectTo(kName));
  for (int i = 0; i < 9; ++i) {
    Set(*cache_, std::to_string(i), std::string(4000, 'v'));
  }
  EXPECT_TRUE(Await([&] { return Rows().size() == 9; }));
}

TEST_F(WriteBehindTest, RepeatedSetsOfAKeyCostOneRow) {
  CountChanges();
  for (const char* const value : {"1", "2", "3"}) Set(*cache_, "a", value);
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put a"}));
  Set(*cache_, "a", "4");
  Invalidate("a");
  Set(*cache_, "a", "5");
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put a", "put a"}));
  EXPECT_EQ(Rows(), (Strings{"a|5"}));
}

TEST_F(WriteBehindTest, AnEntryThatIsSetAndGoneBetweenFlushesCostsNone) {
  CountChanges();
  Set(*cache_, "kept");
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put kept"}));
  const int64_t writes = OtherWrites();
  EXPECT_GT(writes, 0);
  Set(*cache_, "removed");
  Set(*cache_, "removed");
  Invalidate("removed");
  EXPECT_EQ(*cache_->Stats().pending_bytes, 0u);
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put kept"}));
  EXPECT_EQ(OtherWrites(), writes);
}

// So that it removes what is pending, too.
TEST_F(WriteBehindTest, InvalidatePrefixFlushesFirst) {
  CountChanges();
  Set(*cache_, "p/a");
  Set(*cache_, "q/a");
  ASSERT_TRUE(cache_->backend()->InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(Get(*cache_, "p/a"), "<miss>");
  EXPECT_EQ(Get(*cache_, "q/a"), "value");
  Flush();
  EXPECT_EQ(Rows(), (Strings{"q/a|value"}));
  EXPECT_EQ(Changes().size(), 3u);
}

TEST_F(WriteBehindTest, AFlushWithoutChangesWritesNothing) {
  CountChanges();
  Set(*cache_, "a");
  Get(*cache_, "a");
  Flush();
  const int64_t writes = OtherWrites();
  Flush();
  EXPECT_TRUE(cache_->backend()->TtlRaw("a"));
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put a"}));
  EXPECT_EQ(OtherWrites(), writes);
  Get(*cache_, "a");
  Flush();
  EXPECT_EQ(Changes(), (Strings{"put a"}));
  EXPECT_EQ(OtherWrites(), writes + 1);
}

TEST_F(WriteBehindTest, ClearDiscardsWhatIsPending) {
  Set(*cache_, "flushed");
  Flush();
  CountChanges();
  const auto clear = [&] { return cache_->Clear(); };
  const auto empty_prefix = [&] {
    return cache_->backend()->InvalidatePrefixRaw("");
  };
  for (const std::function<Status()>& remove_all :
       {std::function<Status()>(clear),
        std::function<Status()>(empty_prefix)}) {
    Set(*cache_, "a");
    EXPECT_EQ(*cache_->Stats().pending_bytes, 6u);
    ASSERT_TRUE(remove_all().ok());
    EXPECT_EQ(*cache_->Stats().pending_bytes, 0u);
    EXPECT_EQ(*cache_->Stats().entries, 0u);
    EXPECT_EQ(Get(*cache_, "a"), "<miss>");
    EXPECT_EQ(Get(*cache_, "flushed"), "<miss>");
    Flush();
    EXPECT_EQ(Rows(), Strings());
  }
  EXPECT_EQ(Changes(), (Strings{"remove flushed"}));
}

TEST_F(WriteBehindTest, EntriesThatAreSetAfterAClearSurviveTheFlush) {
  Set(*cache_, "a", "old");
  Set(*cache_, "b", "old");
  Flush();
  ASSERT_TRUE(cache_->Clear().ok());
  Set(*cache_, "b", "new");
  Set(*cache_, "c", "new");
  Flush();
  EXPECT_EQ(Rows(), (Strings{"b|new", "c|new"}));
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"b", "c"}));
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(WriteBehindTest, EveryStateOfAnEntryIsWritten) {
  Set(*cache_, "a", "1");
  Flush();
  Invalidate("a");
  Flush();
  EXPECT_EQ(Rows(), Strings());
  Set(*cache_, "a", "2");
  Flush();
  EXPECT_EQ(Rows(), (Strings{"a|2"}));
  Invalidate("a");
  Set(*cache_, "a", "3");
  Flush();
  EXPECT_EQ(Rows(), (Strings{"a|3"}));
  EXPECT_EQ(Get(*cache_, "a"), "3");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(WriteBehindTest, EvictionsAndExpirationsAreWritten) {
  options_.max_entries = 2;
  cache_.reset();
  shell_.reset();
  Open();
  shell_.emplace(ConnectTo(kName));
  Set(*cache_, "a");
  Set(*cache_, "b", "value", Ttl(10));
  Flush();
  clock_->Advance(milliseconds(20));
  Set(*cache_, "c");  // b has expired
  Set(*cache_, "d");  // a is the least recently used
  Flush();
  EXPECT_EQ(Rows(), (Strings{"c|value", "d|value"}));
  EXPECT_EQ(cache_->Stats().evictions, 1u);
  EXPECT_EQ(cache_->Stats().expirations, 1u);
}

TEST_F(WriteBehindTest, AnotherCacheOfTheNameKeepsItFromClosing) {
  auto other = Must(SqliteCache::OpenInMemory(options_, kName));
  Set(*cache_, "a");
  cache_.reset();
  EXPECT_EQ(Rows(), Strings());
  EXPECT_EQ(Get(*other, "a"), "value");
  other.reset();
  EXPECT_EQ(Rows(), (Strings{"a|value"}));
}

}  // namespace
}  // namespace appcache::write_behind_test
