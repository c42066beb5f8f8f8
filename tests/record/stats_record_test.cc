// The statistics of a cache in a slot of the recorder file.

#include "engine/record/stats_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "appcache/prometheus.h"
#include "engine/record/stats_question.h"

namespace appcache::stats_record_test {
namespace {

using internal::CacheNames;
using internal::StatsRecord;
using internal::StatsSlot;

// Every figure, each with another value. A new one needs a place in
// StatsRecord, and here.
CacheStats AllFigures() {
  static_assert(sizeof(CacheStats) == 14 * 8 + 11 * 16 + 13 * 8);
  CacheStats stats;
  uint64_t next = 100;
  for (uint64_t* const counter :
       {&stats.hits, &stats.misses, &stats.read_errors, &stats.sets,
        &stats.invalidations, &stats.write_errors, &stats.loads,
        &stats.load_failures, &stats.loads_shared, &stats.negative_hits,
        &stats.stale_served, &stats.refreshes, &stats.loads_timed_out,
        &stats.lock_waits}) {
    *counter = ++next;
  }
  for (std::optional<uint64_t>* const figure :
       {&stats.evictions, &stats.expirations, &stats.entries, &stats.bytes,
        &stats.flush_failures, &stats.database_memory_bytes,
        &stats.log_memory_bytes, &stats.directory_bytes, &stats.resident_bytes,
        &stats.pending_bytes, &stats.retired_bytes}) {
    *figure = ++next;
  }
  HitRatioCurve& curve = stats.hit_ratio_curve.emplace();
  curve.entries = ++next;
  curve.samples = ++next;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    curve.points[i] = {HitRatioCurve::kScales[i],
                       0.1 * static_cast<double>(i + 1)};
  }
  return stats;
}

std::string TextOf(const CacheStats& stats) {
  PrometheusText text("cache");
  AddTo(text, stats);
  return text.text();
}

class StatsRecordTest : public ::testing::Test {
 protected:
  StatsRecordTest() {
    SetNames({"sqlite", "app", "/app/cache.db"}, record_);
    SetStats(AllFigures(), record_);
    record_.question = 7;
  }

  StatsRecord record_;
  StatsSlot slot_{};
};

TEST_F(StatsRecordTest, HasEveryFigure) {
  const CacheStats stats = StatsOf(record_);
  EXPECT_EQ(TextOf(stats), TextOf(AllFigures()));
  ASSERT_TRUE(stats.hit_ratio_curve);
  EXPECT_EQ(stats.hit_ratio_curve->entries,
            AllFigures().hit_ratio_curve->entries);
  EXPECT_EQ(stats.hit_ratio_curve->samples,
            AllFigures().hit_ratio_curve->samples);
}

TEST_F(StatsRecordTest, WhatIsUnknownStaysUnknown) {
  SetStats(CacheStats(), record_);
  EXPECT_TRUE(CheckRecord(record_).ok());
  EXPECT_EQ(TextOf(StatsOf(record_)), TextOf(CacheStats()));
  CacheStats some;
  some.bytes = 0;
  some.retired_bytes = 5;
  SetStats(some, record_);
  EXPECT_EQ(TextOf(StatsOf(record_)), TextOf(some));
}

TEST_F(StatsRecordTest, LongNamesAreCutBetweenCharacters) {
  std::string location(510, 'x');
  location += "\u20ac\u20ac";  // the third byte of the first is byte 513
  SetNames({std::string(100, 'b'), std::string(160, 'p'), location}, record_);
  EXPECT_TRUE(CheckRecord(record_).ok());
  const CacheNames names = NamesOf(record_);
  EXPECT_EQ(names.backend, std::string(32, 'b'));
  EXPECT_EQ(names.prefix, std::string(160, 'p'));
  EXPECT_EQ(names.location, std::string(510, 'x'));
  SetNames({}, record_);
  EXPECT_EQ(NamesOf(record_).location, "");
}

TEST_F(StatsRecordTest, WhatIsStoredIsLoaded) {
  StoreRecord(record_, slot_);
  StatsRecord loaded;
  ASSERT_TRUE(LoadRecord(slot_, loaded).ok());
  EXPECT_EQ(std::memcmp(&loaded, &record_, sizeof(loaded)), 0);
}

// A program was killed while it wrote. The next owner repairs the slot.
TEST_F(StatsRecordTest, AHalfWrittenSlotIsNotRead) {
  StoreRecord(record_, slot_);
  slot_.version.fetch_add(1);
  StatsRecord loaded;
  EXPECT_TRUE(LoadRecord(slot_, loaded).Is(ErrorCode::kBusy));
  StoreRecord(record_, slot_);
  EXPECT_TRUE(LoadRecord(slot_, loaded).ok());
}

// Whatever byte of the slot changes, the record is refused, or is the one that
// was stored.
TEST_F(StatsRecordTest, NoChangedByteGivesOtherFigures) {
  const auto image = std::make_unique<internal::RecorderLayout>();
  StatsSlot& slot = image->stats[0];
  StoreRecord(record_, slot);
  size_t refused = 0;
  for (size_t i = 0; i < sizeof(StatsSlot); ++i) {
    char* const byte = reinterpret_cast<char*>(&slot) + i;
    for (const char change : {'\x01', '\x80', '\xff'}) {
      *byte = static_cast<char>(*byte ^ change);
      StatsRecord loaded;
      if (LoadRecord(slot, loaded).ok()) {
        EXPECT_EQ(std::memcmp(&loaded, &record_, sizeof(loaded)), 0) << i;
      } else {
        ++refused;
      }
      *byte = static_cast<char>(*byte ^ change);
    }
  }
  // All but those of the owner, and those of the version that keep it even.
  EXPECT_GE(refused, 3 * (sizeof(StatsSlot) - 16));
}

// With a checksum that is right, as another process may write it.
TEST_F(StatsRecordTest, FiguresThatMakeNoSenseAreRefused) {
  const auto is_refused = [&](const auto& change) {
    StatsRecord record = record_;
    change(record);
    StoreRecord(record, slot_);
    StatsRecord loaded;
    return LoadRecord(slot_, loaded).Is(ErrorCode::kCorrupt);
  };
  EXPECT_FALSE(is_refused([](StatsRecord&) {}));
  EXPECT_TRUE(is_refused([](auto& r) { r.backend_bytes = 33; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.prefix_bytes = 161; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.location_bytes = UINT64_MAX; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.known = uint64_t{1} << 12; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.hit_ratios[0] = -0.1; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.hit_ratios[2] = 1.1; }));
  EXPECT_TRUE(is_refused([](auto& r) { r.hit_ratios[4] = std::nan(""); }));
}

}  // namespace
}  // namespace appcache::stats_record_test
