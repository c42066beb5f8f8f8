// RecordedAccesses: the trace that is made of accesses, and the error of a
// sample.

#include "tools/command/traces/recorded_accesses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/record/ring_writer.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tools/trace/oracle_general.h"

namespace appcache::command::recorded_accesses_test {
namespace {

using internal::AccessRecord;
using trace::OracleGeneralRecord;

// An exact LRU of keys.
class Lru {
 public:
  explicit Lru(size_t capacity) : capacity_(capacity) {}
  // True: a hit.
  bool Get(uint64_t key) {
    const auto found = places_.find(key);
    const bool is_hit = found != places_.end();
    if (is_hit) order_.erase(found->second);
    order_.push_front(key);
    places_[key] = order_.begin();
    if (order_.size() > capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    return is_hit;
  }

 private:
  const size_t capacity_;
  std::list<uint64_t> order_;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> places_;
};

class RecordedAccessesTest : public ::testing::Test {
 protected:
  void Add(AccessKind kind, uint64_t id, uint32_t bytes, uint32_t time_ms = 0,
           uint64_t ttl_ms = 0) {
    EXPECT_TRUE(recording_.Add({id, kind, ttl_ms, bytes, time_ms}).ok());
  }

  std::string Written(RecordFormat format) {
    const std::string path = dir_.path() + "/trace";
    Result<OutputFile> output = OutputFile::Open(path);
    EXPECT_TRUE(output.ok());
    const Status written = recording_.WriteTo(*output, format);
    EXPECT_TRUE(written.ok()) << written.ToString();
    EXPECT_TRUE(output->Commit().ok());
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::vector<OracleGeneralRecord> Trace() {
    const std::string text = Written(RecordFormat::kOracleGeneral);
    EXPECT_EQ(text.size() % trace::kOracleGeneralBytes, 0u);
    std::vector<OracleGeneralRecord> records;
    for (size_t i = 0; i < text.size(); i += trace::kOracleGeneralBytes) {
      records.push_back(trace::DecodeOracleGeneral(text.data() + i));
    }
    return records;
  }

  const TempDir dir_;
  RecordedAccesses recording_ = *RecordedAccesses::Create(dir_.path());
};

TEST_F(RecordedAccessesTest, OracleGeneralHasTheGetsAndTheirNextOnes) {
  Add(AccessKind::kMiss, 1, 5, 100);
  Add(AccessKind::kSet, 1, 50, 200);
  Add(AccessKind::kMiss, 2, 6, 999);
  Add(AccessKind::kHit, 1, 50, 1000);
  Add(AccessKind::kInvalidate, 1, 5, 1500);
  Add(AccessKind::kMiss, 1, 5, 2999);
  const std::vector<OracleGeneralRecord> expected = {
      {0, 1, 50, 2}, {0, 2, 6, -1}, {1, 1, 50, 3}, {2, 1, 50, -1}};
  EXPECT_EQ(Trace(), expected);
  EXPECT_EQ(recording_.gets(), 4u);
  EXPECT_EQ(recording_.hits(), 1u);
  EXPECT_EQ(recording_.sets(), 1u);
  EXPECT_EQ(recording_.invalidations(), 1u);
  EXPECT_EQ(recording_.keys(), 2u);
}

TEST_F(RecordedAccessesTest, AMissHasTheSizeOfTheNextValueOfItsKey) {
  Add(AccessKind::kMiss, 1, 5);
  Add(AccessKind::kSet, 1, 100);
  Add(AccessKind::kMiss, 1, 5);
  Add(AccessKind::kSet, 1, 200);
  Add(AccessKind::kMiss, 1, 5);  // none follows: that of the last one
  Add(AccessKind::kMiss, 2, 7);  // none at all: that of the key
  Add(AccessKind::kMiss, 3, 0);  // libCacheSim skips requests without a size
  std::vector<uint32_t> sizes;
  for (const OracleGeneralRecord& record : Trace()) {
    sizes.push_back(record.bytes);
  }
  EXPECT_EQ(sizes, (std::vector<uint32_t>{100, 200, 200, 7, 1}));
}

TEST_F(RecordedAccessesTest, CsvHasEveryAccess) {
  Add(AccessKind::kMiss, 0xabc, 5, 7);
  Add(AccessKind::kSet, 0xabc, 50, 1020, 90'500);
  Add(AccessKind::kHit, 0xabc, 50, 61'000);
  Add(AccessKind::kInvalidate, 0xabc, 5, 61'001);
  EXPECT_EQ(Written(RecordFormat::kCsv),
            "time,key,size,ttl,op\n"
            "0.007,0000000000000abc,50,90.500,get\n"
            "1.020,0000000000000abc,50,90.500,set\n"
            "61.000,0000000000000abc,50,90.500,get\n"
            "61.001,0000000000000abc,50,,delete\n");
}

// A replay stores the value with it after a miss.
TEST_F(RecordedAccessesTest, AGetHasTheTtlOfTheNextSetOfItsKey) {
  Add(AccessKind::kMiss, 1, 5);
  Add(AccessKind::kSet, 1, 5, 0, 1000);
  Add(AccessKind::kSet, 2, 5, 0, 7000);
  Add(AccessKind::kHit, 1, 5);
  Add(AccessKind::kSet, 1, 5, 0, 2000);
  Add(AccessKind::kInvalidate, 1, 5);
  Add(AccessKind::kHit, 1, 5);   // none follows: that of the last one
  Add(AccessKind::kMiss, 3, 5);  // none at all
  Add(AccessKind::kMiss, 2, 5);
  Add(AccessKind::kSet, 2, 5);  // does not expire
  const std::string one = ",0000000000000001,5,";
  const std::string two = ",0000000000000002,5,";
  EXPECT_EQ(Written(RecordFormat::kCsv),
            "time,key,size,ttl,op\n"
            "0.000" +
                one +
                "1.000,get\n"
                "0.000" +
                one +
                "1.000,set\n"
                "0.000" +
                two +
                "7.000,set\n"
                "0.000" +
                one +
                "2.000,get\n"
                "0.000" +
                one +
                "2.000,set\n"
                "0.000" +
                one +
                ",delete\n"
                "0.000" +
                one +
                "2.000,get\n"
                "0.000,0000000000000003,5,,get\n"
                "0.000" +
                two +
                ",get\n"
                "0.000" +
                two + ",set\n");
}

TEST_F(RecordedAccessesTest, ARecordingWithoutAccessesIsAnEmptyTrace) {
  EXPECT_EQ(Trace().size(), 0u);
  EXPECT_EQ(recording_.HitRatio(), 0);
  EXPECT_EQ(recording_.HitRatioError(0.5), 0);
}

// More accesses than one batch of the file, compared with a search.
TEST_F(RecordedAccessesTest, NextAccessesAreRightAcrossBatches) {
  RandomSource random;
  std::vector<uint64_t> keys;
  for (int i = 0; i < 20'000; ++i) {
    keys.push_back(random.Below(300));
    Add(AccessKind::kHit, keys.back(), 9);
  }
  const std::vector<OracleGeneralRecord> records = Trace();
  ASSERT_EQ(records.size(), keys.size());
  std::unordered_map<uint64_t, int64_t> next;
  for (size_t i = keys.size(); i-- > 0;) {
    ASSERT_EQ(records[i].key, keys[i]);
    const auto found = next.find(keys[i]);
    ASSERT_EQ(records[i].next_access, found == next.end() ? -1 : found->second);
    next[keys[i]] = static_cast<int64_t>(i);
  }
}

TEST_F(RecordedAccessesTest, TheErrorIsThatOfARatioOverTheKeys) {
  // Residuals from the ratio of 1/2: +2 and -2.
  for (int i = 0; i < 4; ++i) Add(AccessKind::kHit, 1, 1);
  for (int i = 0; i < 4; ++i) Add(AccessKind::kMiss, 2, 1);
  EXPECT_DOUBLE_EQ(recording_.HitRatio(), 0.5);
  EXPECT_DOUBLE_EQ(recording_.HitRatioError(0.75),
                   2 * 0.5 * std::sqrt(8.0) / 8);
  EXPECT_EQ(recording_.HitRatioError(1), 0);
}

// A program with an LRU, of which many samples are recorded: the hit ratio of a
// sample is within its error of that of the program, and so is that of a
// replay, in a smaller cache.
class SampleTest : public ::testing::Test {
 protected:
  static constexpr size_t kCapacity = 5000;
  static constexpr size_t kKeys = 20'000;
  static constexpr int kRequests = 50'000;

  SampleTest() {
    Lru lru(kCapacity);
    RandomSource random(7);
    for (int i = 0; i < kRequests; ++i) {
      const double drawn = static_cast<double>(random.Below(1 << 30)) /
                           static_cast<double>(1 << 30);
      const auto key = static_cast<uint64_t>(kKeys * drawn * drawn);
      requests_.push_back(key);
      hits_.push_back(lru.Get(key));
      total_ += hits_.back() ? 1 : 0;
    }
  }

  std::vector<uint64_t> requests_;
  std::vector<bool> hits_;
  uint64_t total_ = 0;
};

TEST_F(SampleTest, TheHitRatioOfASampleIsWithinItsError) {
  const double truth = static_cast<double>(total_) / kRequests;
  constexpr double kShare = 0.1;
  constexpr int kSamples = 20;
  int within = 0;
  int replayed_within = 0;
  const TempDir dir;
  const auto layout = std::make_unique<internal::RecorderLayout>();
  internal::InitialiseRecorder(*layout);
  internal::RingWriter writer(*layout, [] { return uint64_t{0}; });
  internal::RingReader reader(*layout);
  for (uint64_t sample = 0; sample < kSamples; ++sample) {
    RecordedAccesses recording = *RecordedAccesses::Create(dir.path());
    ASSERT_TRUE(
        reader.Start({{sample, 1}, sample, internal::ThresholdFor(kShare)}, 0)
            .ok());
    Lru replayed(static_cast<size_t>(kCapacity * kShare));
    uint64_t replayed_hits = 0;
    for (size_t i = 0; i < requests_.size(); ++i) {
      writer.Write(hits_[i] ? AccessKind::kHit : AccessKind::kMiss,
                   std::to_string(requests_[i]), 1, kNoTtl);
    }
    std::vector<AccessRecord> records;
    ASSERT_TRUE(reader.Read(0, false, internal::kRecorderSlots, records).ok());
    ASSERT_EQ(reader.dropped(), 0u);
    for (const AccessRecord& record : records) {
      ASSERT_TRUE(recording.Add(record).ok());
      if (replayed.Get(record.id)) ++replayed_hits;
    }
    const double error = recording.HitRatioError(kShare);
    EXPECT_GT(error, 0);
    EXPECT_LT(error, 0.1);
    EXPECT_EQ(reader.counts().gets, requests_.size());
    EXPECT_EQ(reader.counts().hits, total_);
    if (std::abs(recording.HitRatio() - truth) <= error) ++within;
    const double replayed_ratio = static_cast<double>(replayed_hits) /
                                  static_cast<double>(recording.gets());
    if (std::abs(replayed_ratio - recording.HitRatio()) <= error) {
      ++replayed_within;
    }
  }
  // Two standard errors are 95 % of a normal distribution. Keys that are
  // requested often make it less normal.
  EXPECT_GE(within, kSamples * 85 / 100);
  EXPECT_GE(replayed_within, kSamples * 95 / 100);
}

}  // namespace
}  // namespace appcache::command::recorded_accesses_test
