// Files that are shared with an older build, which knows no checksums: it
// creates the table entries without that column, compares no schema, and writes
// whole rows by the names of its columns.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lru/hash.h"
#include "engine/store/checksum.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/support/captured_log.h"

namespace appcache::older_build_test {
namespace {

// The statements of the older build.
constexpr char kOlderTables[] =
    "CREATE TABLE entries(h INTEGER PRIMARY KEY, expires_at INTEGER NOT NULL,"
    " key BLOB NOT NULL, value BLOB NOT NULL);"
    "CREATE INDEX entries_by_expiry ON entries(expires_at)"
    " WHERE expires_at > 0;"
    "CREATE TABLE usage(h INTEGER PRIMARY KEY, last_used INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL);"
    "CREATE INDEX usage_by_last_used ON usage(last_used);"
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1),"
    " schema_version INTEGER NOT NULL, hash_seed INTEGER NOT NULL,"
    " entry_count INTEGER NOT NULL, total_bytes INTEGER NOT NULL);"
    "INSERT INTO meta(id, schema_version, hash_seed, entry_count, total_bytes)"
    " VALUES (1, 1, 99, 0, 0);";
constexpr char kOlderPut[] =
    "REPLACE INTO entries(h, expires_at, key, value) VALUES (?1, ?2, ?3, ?4)";
constexpr char kOlderGet[] =
    "SELECT expires_at, key, value FROM entries WHERE h = ?1";
constexpr char kOlderPutUsage[] =
    "REPLACE INTO usage(h, last_used, bytes) VALUES (";
constexpr char kOlderEntriesFrom[] =
    "SELECT e.key, e.value FROM entries e JOIN usage u ON u.h = e.h"
    " WHERE e.h >= -9223372036854775808 ORDER BY e.key";
// As SQL that leaves the right counts.
constexpr char kCount[] =
    "UPDATE meta SET entry_count = (SELECT count(*) FROM usage),"
    " total_bytes = (SELECT total(bytes) FROM usage) WHERE id = 1;";

constexpr char kSchemaOf[] =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name";

// Seconds: when FakeClock starts.
constexpr int64_t kNow = 1'577'836'800;

// A connection of the older build, which keeps its prepared statements.
class OlderBuild {
 public:
  explicit OlderBuild(sqlite3* db) : db_(db) {
    seed_ = db_.Int("SELECT hash_seed FROM meta WHERE id = 1");
    Prepare(kOlderPut, &put_);
    Prepare(kOlderGet, &get_);
  }
  explicit OlderBuild(const std::string& file) : OlderBuild(Connect(file)) {}
  ~OlderBuild() {
    sqlite3_finalize(put_);
    sqlite3_finalize(get_);
  }

  void Set(std::string_view path, std::string_view value,
           int64_t expires_at_ms = 0) {
    const int64_t h = lru::HashPath(path, seed_);
    sqlite3_bind_int64(put_, 1, h);
    sqlite3_bind_int64(put_, 2, expires_at_ms);
    sqlite3_bind_blob64(put_, 3, path.data(), path.size(), SQLITE_STATIC);
    sqlite3_bind_blob64(put_, 4, value.data(), value.size(), SQLITE_STATIC);
    EXPECT_EQ(sqlite3_step(put_), SQLITE_DONE) << sqlite3_errmsg(db_.get());
    sqlite3_reset(put_);
    db_.Run(kOlderPutUsage + std::to_string(h) + ", " +
            std::to_string(kNow * 1'000'000 + ++accesses_) + ", " +
            std::to_string(path.size() + value.size()) + ");" + kCount);
  }

  std::string Get(std::string_view path) {
    sqlite3_bind_int64(get_, 1, lru::HashPath(path, seed_));
    const int rc = sqlite3_step(get_);
    EXPECT_TRUE(rc == SQLITE_ROW || rc == SQLITE_DONE)
        << sqlite3_errmsg(db_.get());
    std::string value = rc == SQLITE_ROW ? TextOf(2) : "<miss>";
    if (rc == SQLITE_ROW) {
      EXPECT_EQ(TextOf(1), path);
    }
    sqlite3_reset(get_);
    return value;
  }

  const PlainSqlite& db() const { return db_; }

 private:
  static sqlite3* Connect(const std::string& file) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 30'000);
    return db;
  }
  void Prepare(const char* sql, sqlite3_stmt** statement) {
    EXPECT_EQ(sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                 statement, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(db_.get());
  }
  std::string TextOf(int column) {
    const void* const data = sqlite3_column_blob(get_, column);
    const int size = sqlite3_column_bytes(get_, column);
    return {static_cast<const char*>(data), static_cast<size_t>(size)};
  }

  const PlainSqlite db_;
  int64_t seed_ = 0;
  int64_t accesses_ = 0;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
};

class OlderBuildTest : public testing::Test {
 protected:
  // A file of the older build with three entries, of which "b" expires in an
  // hour. "a" was used the longest ago.
  void Make(const std::string& more = "") {
    {
      const PlainSqlite plain(file_);
      plain.Run(
          "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" +
          ("PRAGMA application_id = " + std::to_string(store::kApplicationId)) +
          "; PRAGMA user_version = 1;" + kOlderTables);
    }
    OlderBuild older(file_);
    older.Set("a", "of a");
    older.Set("b", "of b", kNow * 1000 + 3'600'000);
    older.Set("c", std::string(20'000, 'c'));
    older.db().Run(more);
  }

  SqliteCacheOptions Options() {
    SqliteCacheOptions options;
    options.cache = log_.options();
    options.clock = clock_;
    return options;
  }
  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenFile(file_, Options()));
  }

  static void ExpectTheThree(SqliteCache& cache) {
    EXPECT_EQ(ProblemsIn(cache), Strings());
    EXPECT_EQ(FlushedOrder(cache), (Strings{"a", "b", "c"}));
    EXPECT_EQ(*cache.backend()->TtlRaw("a"), kNoTtl);
    EXPECT_EQ(*cache.backend()->TtlRaw("b"), Ttl(3'600'000));
    EXPECT_EQ(Get(cache, "a"), "of a");
    EXPECT_EQ(Get(cache, "b"), "of b");
    EXPECT_EQ(Get(cache, "c"), std::string(20'000, 'c'));
  }
  // The paths of the entries that have no checksum.
  Strings Unverified() const {
    return PlainSqlite(file_).Rows(
        "SELECT key FROM entries WHERE checksum IS NULL ORDER BY key");
  }
  Strings SchemaOf(const std::string& file) const {
    return PlainSqlite(file).Rows(kSchemaOf);
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
};

TEST_F(OlderBuildTest, ItsFileOpensWithAllEntries) {
  Make();
  ExpectTheThree(*Open());
  EXPECT_EQ(Unverified(), (Strings{"a", "b", "c"}));
  ExpectTheThree(*Open());
  EXPECT_EQ(log_.lines(), Strings());
}

TEST_F(OlderBuildTest, ItsFileGetsTheTablesOfANewFile) {
  Make();
  Open();
  const std::string fresh = scratch_.Path("fresh.db");
  Must(SqliteCache::OpenFile(fresh, Options()));
  EXPECT_EQ(SchemaOf(file_), SchemaOf(fresh));
  EXPECT_EQ(PlainSqlite(file_).Int("PRAGMA user_version"), 1);
  EXPECT_EQ(PlainSqlite(file_).Int("SELECT schema_version FROM meta"), 1);
  EXPECT_EQ(PlainSqlite(file_).Text("PRAGMA integrity_check"), "ok");
}

TEST_F(OlderBuildTest, TheTablesAreChangedOnce) {
  Make();
  Open();
  const int64_t changes = PlainSqlite(file_).Int("PRAGMA schema_version");
  Open();
  EXPECT_EQ(PlainSqlite(file_).Int("PRAGMA schema_version"), changes);
}

TEST_F(OlderBuildTest, ASetGivesAnEntryAChecksum) {
  Make();
  const auto cache = Open();
  Set(*cache, "b", "new");
  EXPECT_EQ(Unverified(), (Strings{"a", "c"}));
  ASSERT_TRUE(cache->CheckAndFix().ok());
  EXPECT_EQ(Unverified(), (Strings{"a", "c"}));
}

TEST_F(OlderBuildTest, ItReadsWhatIsWrittenHere) {
  {
    const auto cache = Open();
    Set(*cache, "a", "of a", Ttl(1000));
    Set(*cache, "c", std::string(20'000, 'c'));
  }
  OlderBuild older(file_);
  EXPECT_EQ(older.Get("a"), "of a");
  EXPECT_EQ(older.Get("b"), "<miss>");
  EXPECT_EQ(older.Get("c"), std::string(20'000, 'c'));
  EXPECT_EQ(older.db().Rows(kOlderEntriesFrom),
            (Strings{"a|of a", "c|" + std::string(20'000, 'c')}));
  EXPECT_EQ(older.db().Int("SELECT schema_version FROM meta WHERE id = 1"), 1);
}

TEST_F(OlderBuildTest, WhatItWritesIsReadHere) {
  Set(*Open(), "a", "ours");
  {
    OlderBuild older(file_);
    older.Set("a", "of a");
    older.Set("b", "of b");
  }
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "a"), "of a");
  EXPECT_EQ(Get(*cache, "b"), "of b");
  EXPECT_EQ(Unverified(), (Strings{"a", "b"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  Set(*cache, "a", "ours");
  EXPECT_EQ(Unverified(), (Strings{"b"}));
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(OlderBuildTest, BothUseTheFileAtTheSameTime) {
  Make();
  OlderBuild older(file_);
  EXPECT_EQ(older.Get("a"), "of a");
  const auto cache = Open();  // changes the table under it
  EXPECT_EQ(older.Get("a"), "of a");
  older.Set("a", "new");
  EXPECT_EQ(Get(*cache, "a"), "new");
  Set(*cache, "a", "ours");
  EXPECT_EQ(older.Get("a"), "ours");
  older.Set("a", "its own");
  EXPECT_EQ(Get(*cache, "a"), "its own");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(OlderBuildTest, ItsFileThatLacksAnIndexIsRepaired) {
  Make("DROP INDEX usage_by_last_used");
  ExpectTheThree(*Open());
  EXPECT_EQ(log_.lines(), Strings{"warning: the indexes of the cache " + file_ +
                                  " were damaged: they were rebuilt, and all "
                                  "entries kept"});
}

TEST_F(OlderBuildTest, ItsFileThatIsSuspectIsChecked) {
  Make();
  Scratch::WriteAll(file_ + "-suspect", "");
  ExpectTheThree(*Open());
  EXPECT_FALSE(std::filesystem::exists(file_ + "-suspect"));
  EXPECT_FALSE(std::filesystem::exists(file_ + ".damaged"));
  EXPECT_EQ(log_.lines(), Strings());
}

TEST_F(OlderBuildTest, AWarmStartReadsItsFileAndChangesNothing) {
  Make();
  const auto before = scratch_.Files();
  ExpectTheThree(
      *Must(SqliteCache::OpenInMemoryFrom(file_, Options(), "older build")));
  SqliteCacheOptions options = Options();
  options.max_database_bytes = 1 << 20;  // reads in the order of the accesses
  ExpectTheThree(
      *Must(SqliteCache::OpenInMemoryFrom(file_, options, "older build")));
  EXPECT_TRUE(scratch_.Files() == before);
}

TEST_F(OlderBuildTest, AWarmStartReadsItsFileWhileItIsInUse) {
  Make();
  OlderBuild older(file_);
  older.Set("a", "of a");  // in the log
  older.Set("b", "of b", kNow * 1000 + 3'600'000);
  older.Set("c", std::string(20'000, 'c'));
  ExpectTheThree(
      *Must(SqliteCache::OpenInMemoryFrom(file_, Options(), "older build")));
  older.db().Run("INSERT INTO entries VALUES (1, 0, x'', x'')");  // 4 columns
}

TEST_F(OlderBuildTest, ItsFileIsReadWithoutAChange) {
  Make();
  const auto before = scratch_.Files();
  {
    const auto cache = Must(SqliteCache::OpenFileToRead(file_, Options()));
    ExpectTheThree(*cache);
    EXPECT_EQ(ProblemsIn(*cache), Strings());
  }
  EXPECT_TRUE(scratch_.Files() == before);
}

TEST_F(OlderBuildTest, ASnapshotReplacesItsFile) {
  Make();
  {
    const auto source = Must(SqliteCache::OpenInMemory({}, "older build"));
    Set(*source, "d");
    const Status status = source->Snapshot(file_);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_EQ(Unverified(), Strings());
  const auto cache = Open();
  EXPECT_EQ(PathsIn(*cache), StringSet{"d"});
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(OlderBuildTest, ASnapshotOfItsFileHasChecksums) {
  Make();
  const std::string copy = scratch_.Path("copy.db");
  ASSERT_TRUE(Open()->Snapshot(copy).ok());
  EXPECT_EQ(SchemaOf(copy), SchemaOf(file_));
  EXPECT_EQ(PlainSqlite(copy).Int("SELECT count(checksum) FROM entries"), 3);
  ExpectTheThree(*Must(SqliteCache::OpenFile(copy, Options())));
}

TEST_F(OlderBuildTest, AnyOtherTableIsRefusedAndUnchanged) {
  Make();
  const std::string before = Scratch::ReadAll(file_);
  for (const char* const change :
       {"CREATE TRIGGER t AFTER INSERT ON entries BEGIN SELECT 1; END",
        "ALTER TABLE entries ADD COLUMN checksum TEXT",
        "ALTER TABLE entries ADD COLUMN mine",
        "ALTER TABLE usage ADD COLUMN checksum INTEGER",
        "ALTER TABLE entries ADD COLUMN checksum INTEGER;"
        "ALTER TABLE entries ADD COLUMN mine"}) {
    SCOPED_TRACE(change);
    Scratch::WriteAll(file_, before);
    PlainSqlite(file_).Run(change);
    const auto files = scratch_.Files();
    const Status status = SqliteCache::OpenFile(file_, Options()).status();
    EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
    EXPECT_NE(status.ToString().find("it is not an appcache"),
              std::string::npos)
        << status.ToString();
    EXPECT_TRUE(scratch_.Files() == files);
  }
}

// --- Tables behind a connection of the caller's.

class OlderTablesTest : public testing::Test {
 protected:
  // Tables of the older build, with the entry "a".
  void Make() {
    plain_.Run(kOlderTables);
    plain_.Run("CREATE TABLE people(name)");
    const int64_t h = lru::HashPath("a", 99);
    plain_.Run("INSERT INTO entries VALUES (" + std::to_string(h) +
               ", 0, CAST('a' AS BLOB), CAST('of a' AS BLOB));" +
               kOlderPutUsage + std::to_string(h) + ", 1, 5);" + kCount);
  }
  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenOn(plain_.get()));
  }
  bool HasColumn() {
    return plain_.Int(
               "SELECT count(*) FROM pragma_table_info('entries')"
               " WHERE name = 'checksum'") == 1;
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("mine.db");
  const PlainSqlite plain_{file_};
};

TEST_F(OlderTablesTest, AreOpenedAndKeepTheirEntries) {
  Make();
  {
    const auto cache = Open();
    EXPECT_EQ(Get(*cache, "a"), "of a");
    Set(*cache, "b");
    EXPECT_EQ(ProblemsIn(*cache), Strings());
    EXPECT_EQ(plain_.Rows("SELECT key FROM entries WHERE checksum IS NULL"),
              Strings{"a"});
  }
  const PlainSqlite fresh;
  Must(SqliteCache::OpenOn(fresh.get()));
  plain_.Run("DROP TABLE people");
  EXPECT_EQ(plain_.Rows(kSchemaOf), fresh.Rows(kSchemaOf));
}

TEST_F(OlderTablesTest, AreChangedWithinATransactionOfTheCallers) {
  Make();
  plain_.Run("BEGIN; INSERT INTO people VALUES ('Ada')");
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, "a"), "of a");
  Set(*cache, "b");
  plain_.Run("COMMIT");
  EXPECT_TRUE(HasColumn());
  EXPECT_EQ(Get(*cache, "b"), "value");
  EXPECT_EQ(plain_.Int("SELECT count(*) FROM people"), 1);
}

// As tables that were created in it.
TEST_F(OlderTablesTest, AreAsTheyWereAfterARollbackAndCanBeOpenedAgain) {
  Make();
  plain_.Run("BEGIN");
  auto cache = Open();
  Set(*cache, "b");
  plain_.Run("ROLLBACK");
  EXPECT_FALSE(HasColumn());
  for (const Status& status : {cache->backend()->SetRaw("a", "value", kNoTtl),
                               cache->backend()->GetRaw("a").status()}) {
    EXPECT_NE(status.ToString().find("checksum"), std::string::npos)
        << status.ToString();
  }
  (void)cache->Close();
  cache = Open();
  EXPECT_EQ(Get(*cache, "a"), "of a");
  EXPECT_EQ(Get(*cache, "b"), "<miss>");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

TEST_F(OlderTablesTest, AreUnchangedIfTheDatabaseIsBusy) {
  Make();
  const PlainSqlite other(file_);
  other.Run("BEGIN IMMEDIATE");
  sqlite3_busy_timeout(plain_.get(), 0);
  const Status status = SqliteCache::OpenOn(plain_.get()).status();
  EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
  EXPECT_FALSE(HasColumn());
  EXPECT_NE(sqlite3_get_autocommit(plain_.get()), 0);
  other.Run("COMMIT");
  EXPECT_EQ(Get(*Open(), "a"), "of a");
}

TEST_F(OlderTablesTest, AreUnavailableToAConnectionThatOnlyReads) {
  Make();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(file_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  const PlainSqlite reader(db);
  const Status status = SqliteCache::OpenOn(db).status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("cannot add the column for checksums"),
            std::string::npos)
      << status.ToString();
  EXPECT_FALSE(HasColumn());
  Open();
  EXPECT_EQ(Get(*Must(SqliteCache::OpenOn(db)), "a"), "of a");
}

// Another process adds the column while this one waits for it.
TEST_F(OlderTablesTest, AreChangedOnceByTwoThatOpenThemTogether) {
  Make();
  const PlainSqlite other(file_);
  other.Run("BEGIN IMMEDIATE");
  const auto theirs = Must(SqliteCache::OpenOn(other.get()));
  const auto commit = [](void* connection, int) {
    return static_cast<const PlainSqlite*>(connection)->TryRun("COMMIT") ==
                   SQLITE_OK
               ? 1
               : 0;
  };
  sqlite3_busy_handler(plain_.get(), commit, const_cast<PlainSqlite*>(&other));
  const auto cache = Open();
  EXPECT_NE(sqlite3_get_autocommit(other.get()), 0) << "nobody has waited";
  sqlite3_busy_timeout(plain_.get(), 30'000);
  Set(*theirs, "b");
  EXPECT_EQ(Get(*cache, "a"), "of a");
  EXPECT_EQ(Get(*cache, "b"), "value");
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_EQ(ProblemsIn(*theirs), Strings());
}

}  // namespace
}  // namespace appcache::older_build_test
