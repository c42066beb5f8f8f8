// LmdbCache when the clock was set back, or when somebody has written with a
// clock that was ahead: no entry lives longer than its ttl from then on.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/lmdb/record.h"
#include "appcache/lmdb_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/lmdb/plain_lmdb.h"
#include "tests/lmdb/version1.h"
#include "tests/support/temp_dir.h"

namespace appcache::clock_set_back_test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr Ttl kTenSeconds(10'000);
constexpr hours kDay(24);

// More than one transaction corrects.
constexpr int kMany = 2500;

class LmdbClockSetBackTest : public testing::Test {
 protected:
  std::unique_ptr<LmdbCache> Open() const { return OpenWith(clock_); }
  std::unique_ptr<LmdbCache> OpenWith(std::shared_ptr<FakeClock> clock) const {
    LmdbCacheOptions options;
    options.clock = std::move(clock);
    return OpenLmdb(directory_.path(), std::move(options));
  }

  static void Set(LmdbCache& cache, std::string_view path,
                  Ttl ttl = kTenSeconds, std::string_view value = "value") {
    const Status set = cache.backend()->SetRaw(path, value, ttl);
    EXPECT_TRUE(set.ok()) << set.ToString();
  }
  static Ttl TtlOf(LmdbCache& cache, std::string_view path) {
    const Lookup<Ttl> ttl = cache.backend()->TtlRaw(path);
    EXPECT_TRUE(ttl) << path;
    return ttl ? *ttl : Ttl(-1);
  }
  static void SetMany(LmdbCache& cache) {
    std::vector<std::string> paths;
    for (int i = 0; i < kMany; ++i) paths.push_back(std::to_string(i));
    std::vector<RawEntry> entries;
    for (const std::string& path : paths) {
      entries.push_back({path, "value", kTenSeconds});
    }
    ASSERT_TRUE(cache.backend()->SetManyRaw(entries).ok());
  }

  // The expiry time in the record of `path`, which no cache has open. The key
  // in `ends` must be the same.
  TimePoint StoredExpiry(std::string_view path) const {
    PlainLmdb plain(directory_.path());
    const std::string bytes = plain.Get(nullptr, lmdb::EntryKey(path).view());
    const auto record = lmdb::DecodeRecord(bytes);
    if (!record || !record->expires_at) {
      ADD_FAILURE() << path;
      return {};
    }
    std::string key;
    const auto time =
        static_cast<uint64_t>(record->expires_at->time_since_epoch().count()) ^
        uint64_t { 1 } << 63;
    for (const uint64_t number : {time, record->sequence}) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        key += static_cast<char>(number >> shift & 0xff);
      }
    }
    EXPECT_EQ(plain.Get("ends", key), "");
    return *record->expires_at;
  }

  const TempDir directory_{"/dev/shm"};
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

TEST_F(LmdbClockSetBackTest, AnEntryLivesItsTtlAfterReopening) {
  Set(*Open(), "a");
  clock_->Advance(-kDay);
  Open();
  EXPECT_EQ(StoredExpiry("a"), clock_->Now() + kTenSeconds);
  const auto cache = Open();
  EXPECT_EQ(ValueIn(*cache, "a"), "value");
  clock_->Advance(kTenSeconds);
  EXPECT_EQ(ValueIn(*cache, "a"), "<miss>");
}

TEST_F(LmdbClockSetBackTest, AGetNoticesIt) {
  const std::string_view path = "a";
  const std::vector<void (*)(LmdbCache&)> reads = {
      [](LmdbCache& cache) { EXPECT_TRUE(cache.backend()->GetRaw("a")); },
      [](LmdbCache& cache) { EXPECT_EQ(TtlOf(cache, "a"), kTenSeconds); },
      [](LmdbCache& cache) {
        EXPECT_EQ(cache.backend()->GetTimedRaw("a")->remaining_ttl,
                  kTenSeconds);
      },
      [](LmdbCache& cache) {
        const std::string_view read = "a";
        EXPECT_EQ(
            cache.backend()->GetManyTimedRaw({&read, 1})[0]->remaining_ttl,
            kTenSeconds);
      }};
  for (const auto& read : reads) {
    const auto cache = Open();
    Set(*cache, path);
    Set(*cache, "other");
    clock_->Advance(-kDay);
    read(*cache);
    clock_->Advance(seconds(4));
    EXPECT_EQ(TtlOf(*cache, "a"), seconds(6));
    EXPECT_EQ(TtlOf(*cache, "other"), seconds(6));
    clock_->Advance(seconds(6));
    EXPECT_EQ(ValueIn(*cache, "a"), "<miss>");
    EXPECT_EQ(ValueIn(*cache, "other"), "<miss>");
  }
}

TEST_F(LmdbClockSetBackTest, AWriteNoticesItBeforeItDoesAnythingElse) {
  const std::vector<Status (*)(Backend&)> writes = {
      [](Backend& b) { return b.SetRaw("b", "value", kTenSeconds); },
      [](Backend& b) { return b.AddRaw("a", "new", kTenSeconds).status(); },
      [](Backend& b) { return b.InvalidateRaw("b"); },
      [](Backend& b) { return b.SetTtlRaw("b", kTenSeconds).status(); },
      [](Backend& b) { return b.InvalidatePrefixRaw("b"); }};
  for (const auto& write : writes) {
    const auto cache = Open();
    Set(*cache, "a");
    Set(*cache, "b");
    clock_->Advance(-kDay);
    EXPECT_TRUE(write(*cache->backend()).ok());
    EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
    clock_->Advance(kTenSeconds);
    EXPECT_EQ(ValueIn(*cache, "a"), "<miss>");
    EXPECT_EQ(ValueIn(*cache, "b"), "<miss>");
  }
}

TEST_F(LmdbClockSetBackTest, ANewTtlOfAClockThatWasAheadIsCorrected) {
  const auto cache = Open();
  Set(*cache, "a", kNoTtl);
  clock_->Advance(kDay);
  EXPECT_TRUE(*cache->backend()->SetTtlRaw("a", kTenSeconds));
  clock_->Advance(-kDay);
  EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
  clock_->Advance(kTenSeconds);
  EXPECT_EQ(ValueIn(*cache, "a"), "<miss>");
}

TEST_F(LmdbClockSetBackTest, ExpiredEntriesAreRemovedByWrites) {
  const auto cache = Open();
  Set(*cache, "a");
  clock_->Advance(-kDay);
  Set(*cache, "b", kNoTtl);
  clock_->Advance(kTenSeconds);
  Set(*cache, "b", kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
  EXPECT_EQ(cache->Stats().expirations, 1u);
}

TEST_F(LmdbClockSetBackTest, EntriesThatDoNotExpireAreKept) {
  {
    const auto cache = Open();
    Set(*cache, "a", kNoTtl);
    Set(*cache, "p/" + std::string(600, 'h'), kTenSeconds, "hashed");
  }
  clock_->Advance(-kDay);
  const auto cache = Open();
  EXPECT_EQ(ValueIn(*cache, "a"), "value");
  EXPECT_EQ(ValueIn(*cache, "p/" + std::string(600, 'h')), "hashed");
  EXPECT_EQ(cache->Stats().entries, 2u);
}

TEST_F(LmdbClockSetBackTest, ASetBackWithinTheToleranceChangesNothing) {
  const auto cache = Open();
  Set(*cache, "a");
  clock_->Advance(seconds(-9));
  Set(*cache, "b");
  EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds + seconds(9));
  // The row is of a time up to a second earlier than the last write.
  clock_->Advance(seconds(-1));
  EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
}

// As processes do whose clocks differ: each entry is corrected by its own
// difference, once, and nothing else changes.
TEST_F(LmdbClockSetBackTest, AClockThatIsAheadDoesNotShortenOtherEntries) {
  const auto ahead_clock = std::make_shared<FakeClock>();
  ahead_clock->Advance(hours(1));
  const auto ahead = OpenWith(ahead_clock);
  const auto cache = Open();
  Set(*cache, "a", hours(2));
  for (int i = 0; i < 3; ++i) {
    Set(*ahead, "ahead");
    Set(*cache, "b" + std::to_string(i));
    EXPECT_EQ(TtlOf(*cache, "a"), hours(2));
    EXPECT_EQ(TtlOf(*cache, "ahead"), kTenSeconds);
    EXPECT_EQ(ValueIn(*ahead, "ahead"), "<miss>");  // an hour old there
  }
  clock_->Advance(seconds(3));
  Set(*cache, "b");
  EXPECT_EQ(TtlOf(*cache, "ahead"), kTenSeconds - seconds(3));
}

// A number that is free again belongs to an entry that was not examined.
TEST_F(LmdbClockSetBackTest, AnEntryWithTheNumberOfACorrectedOneIsCorrected) {
  const auto ahead_clock = std::make_shared<FakeClock>();
  ahead_clock->Advance(hours(1));
  const auto ahead = OpenWith(ahead_clock);
  const auto cache = Open();
  Set(*ahead, "a");
  Set(*ahead, "b");
  Set(*cache, "c", kNoTtl);  // corrects the two
  for (const char* const path : {"c", "b"}) {
    ASSERT_TRUE(cache->backend()->InvalidateRaw(path).ok());
  }
  Set(*ahead, "d");  // where numbers are reused, it has that of "b"
  Set(*cache, "e", kNoTtl);
  clock_->Advance(kTenSeconds);
  Set(*cache, "e", kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
}

TEST_F(LmdbClockSetBackTest, ManyEntriesAreCorrectedAtTheOpen) {
  SetMany(*Open());
  clock_->Advance(-kDay);
  const auto cache = Open();
  clock_->Advance(kTenSeconds - Ttl(1));
  EXPECT_EQ(TtlOf(*cache, "0"), Ttl(1));
  EXPECT_EQ(TtlOf(*cache, std::to_string(kMany - 1)), Ttl(1));
  clock_->Advance(Ttl(1));
  for (int i = 0; i < kMany / 8 + 1; ++i) Set(*cache, "b", kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
}

// A write corrects some entries. After that, the process may end.
TEST_F(LmdbClockSetBackTest, AnotherOpenContinuesACorrection) {
  {
    const auto cache = Open();
    SetMany(*cache);
    clock_->Advance(-kDay);
    Set(*cache, "b", kNoTtl);
  }
  const std::string last = std::to_string(kMany - 1);
  EXPECT_EQ(StoredExpiry("0"), clock_->Now() + kTenSeconds);
  EXPECT_EQ(StoredExpiry(last), clock_->Now() + kDay + kTenSeconds);
  clock_->Advance(seconds(1));
  const auto cache = Open();
  EXPECT_EQ(TtlOf(*cache, "0"), kTenSeconds - seconds(1));
  EXPECT_EQ(TtlOf(*cache, last), kTenSeconds);
}

TEST_F(LmdbClockSetBackTest,
       AClockThatIsSetBackDuringACorrectionStartsItAgain) {
  const auto cache = Open();
  SetMany(*cache);
  clock_->Advance(-kDay);
  Set(*cache, "b", kNoTtl);
  clock_->Advance(-kDay);
  for (int i = 0; i < 4; ++i) Set(*cache, "b", kNoTtl);
  clock_->Advance(kTenSeconds);
  for (int i = 0; i < kMany / 8 + 1; ++i) Set(*cache, "b", kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
}

TEST_F(LmdbClockSetBackTest, ADamagedValueDoesNotBecomeASoundOne) {
  Set(*Open(), "a", kTenSeconds, std::string(5000, 'v'));
  {
    PlainLmdb plain(directory_.path());
    std::string bytes = plain.Get(nullptr, "ka");
    bytes[bytes.size() / 2] = 'x';
    plain.Put(nullptr, "ka", bytes);
  }
  clock_->Advance(-kDay);
  EXPECT_FALSE(Open()->backend()->GetRaw("a"));
}

// --- Directories of earlier builds.

TEST_F(LmdbClockSetBackTest, ADirectoryWithoutTheRowGetsItWithTheNextWrite) {
  Set(*Open(), "a");
  {
    PlainLmdb plain(directory_.path());
    plain.Remove(nullptr, "time");
  }
  {
    const auto cache = Open();
    EXPECT_EQ(cache->Stats().entries, 1u);
    EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
    Set(*cache, "b");
    EXPECT_EQ(cache->Stats().entries, 2u);
  }
  clock_->Advance(-kDay);
  EXPECT_EQ(TtlOf(*Open(), "b"), kTenSeconds);
}

TEST_F(LmdbClockSetBackTest, RecordsOfVersion1AreCorrectedOnce) {
  const TimePoint expires_at = clock_->Now() + kTenSeconds;
  Set(*Open(), "b");
  {
    PlainLmdb plain(directory_.path());
    plain.Put(nullptr, "ka", Version1Record(7, "old", expires_at));
    plain.Put("order", "\0\0\0\0\0\0\0\7"sv, "ka");
    std::string expiry;
    auto time = static_cast<uint64_t>(expires_at.time_since_epoch().count()) ^
                uint64_t { 1 } << 63;
    for (int shift = 56; shift >= 0; shift -= 8) {
      expiry += static_cast<char>(time >> shift & 0xff);
    }
    plain.Put("ends", expiry.append("\0\0\0\0\0\0\0\7"sv), "");
  }
  clock_->Advance(-kDay);
  Open();
  EXPECT_EQ(StoredExpiry("a"), clock_->Now() + kTenSeconds);
  Open();
  EXPECT_EQ(StoredExpiry("a"), clock_->Now() + kTenSeconds);
  const auto cache = Open();
  EXPECT_EQ(ValueIn(*cache, "a"), "old");
  clock_->Advance(kTenSeconds);
  Set(*cache, "c", kNoTtl);
  EXPECT_EQ(cache->Stats().entries, 1u);
}

// --- Times that no clock had.

TEST_F(LmdbClockSetBackTest, NonsenseTimesAreHandled) {
  constexpr auto kLeast = std::numeric_limits<int64_t>::min();
  constexpr auto kMost = std::numeric_limits<int64_t>::max();
  for (const int64_t written : {kLeast, int64_t{0}, kMost}) {
    for (const int64_t expiry : {kLeast, int64_t{0}, kMost}) {
      SCOPED_TRACE(std::to_string(written) + " " + std::to_string(expiry));
      lmdb::Record record;
      record.value = "nonsense";
      record.sequence = 1;
      record.written_at = TimePoint(microseconds(written));
      record.expires_at = TimePoint(microseconds(expiry));
      std::string bytes(lmdb::RecordBytes(record), '\0');
      lmdb::EncodeRecord(record, bytes.data());
      ASSERT_TRUE(Open()->Clear().ok());
      {
        PlainLmdb plain(directory_.path());
        plain.Put(nullptr, "ka", bytes);
        plain.Put("order", "\0\0\0\0\0\0\0\1"sv, "ka");
      }
      const auto cache = Open();
      const Lookup<Ttl> ttl = cache->backend()->TtlRaw("a");
      EXPECT_TRUE(written != kMost || !ttl);
      Set(*cache, "b");
      EXPECT_EQ(TtlOf(*cache, "b"), kTenSeconds);
    }
  }
}

TEST_F(LmdbClockSetBackTest, ADamagedRowCountsAsNone) {
  for (const std::string& row :
       {std::string(28, '\xff'), std::string("short")}) {
    Set(*Open(), "a");
    {
      PlainLmdb plain(directory_.path());
      plain.Put(nullptr, "time", row);
    }
    const auto cache = Open();
    EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
    Set(*cache, "b");
    EXPECT_EQ(TtlOf(*cache, "a"), kTenSeconds);
    EXPECT_EQ(cache->Stats().entries, 2u);
  }
}

}  // namespace
}  // namespace appcache::clock_set_back_test
