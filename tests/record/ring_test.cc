// The ring between a program and the command: what is recorded, sampling,
// sessions, the lease, and slots whose owner has died.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/record/recorder.h"

namespace appcache::ring_test {
namespace {

using internal::AccessRecord;
using internal::kRecorderSlots;
using internal::RingReader;

class RingTest : public ::testing::Test {
 protected:
  MemoryRecorder ring_;
};

TEST_F(RingTest, NothingIsWrittenWithoutASession) {
  ring_.Write(AccessKind::kHit, "key", 10);
  ASSERT_TRUE(ring_.Start().ok());
  EXPECT_EQ(ring_.Read().size(), 0u);
  ring_.reader.Stop();
  ring_.Write(AccessKind::kHit, "key", 10);
  EXPECT_EQ(ring_.Read().size(), 0u);
  EXPECT_EQ(ring_.layout->header.head, 0u);
}

TEST_F(RingTest, ARecordHasTheKeySizeTimeTtlAndKind) {
  ASSERT_TRUE(ring_.Start().ok());
  ring_.Write(AccessKind::kHit, "key", 10);
  recorder_test_ms += 1500;
  ring_.Write(AccessKind::kSet, "other", 7, Ttl(90'000));
  ring_.Write(AccessKind::kMiss, "key");
  ring_.Write(AccessKind::kInvalidate, "key");
  const std::vector<AccessRecord> records = ring_.Read();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].id, MemoryRecorder::IdOf("key"));
  EXPECT_EQ(records[0].kind, AccessKind::kHit);
  EXPECT_EQ(records[0].bytes, 13u);
  EXPECT_EQ(records[0].time_ms, 0u);
  EXPECT_EQ(records[1].id, MemoryRecorder::IdOf("other"));
  EXPECT_EQ(records[1].kind, AccessKind::kSet);
  EXPECT_EQ(records[1].bytes, 12u);
  EXPECT_EQ(records[1].time_ms, 1500u);
  EXPECT_EQ(records[1].ttl_ms, 90'000u);
  EXPECT_EQ(records[2].kind, AccessKind::kMiss);
  EXPECT_EQ(records[2].bytes, 3u);
  EXPECT_EQ(records[3].kind, AccessKind::kInvalidate);
  EXPECT_EQ(ring_.reader.dropped(), 0u);
}

TEST_F(RingTest, ExtremeSizesTimesAndTtlsAreLimited) {
  ASSERT_TRUE(ring_.Start().ok());
  ring_.Write(AccessKind::kSet, "", SIZE_MAX / 2, kMaxTtl);
  ring_.Write(AccessKind::kSet, "", 0, Ttl(-1));
  const std::vector<AccessRecord> records = ring_.Read();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].bytes, UINT32_MAX);
  EXPECT_EQ(records[0].ttl_ms, static_cast<uint64_t>(kMaxTtl.count()));
  EXPECT_EQ(records[0].kind, AccessKind::kSet);
  EXPECT_EQ(records[1].ttl_ms, 0u);
}

TEST_F(RingTest, AFullRingDropsAndCounts) {
  ASSERT_TRUE(ring_.Start().ok());
  for (size_t i = 0; i < kRecorderSlots + 10; ++i) {
    ring_.Write(AccessKind::kHit, std::to_string(i));
  }
  EXPECT_EQ(ring_.reader.dropped(), 10u);
  const std::vector<AccessRecord> records = ring_.Read();
  ASSERT_EQ(records.size(), kRecorderSlots);
  EXPECT_EQ(records.back().id,
            MemoryRecorder::IdOf(std::to_string(kRecorderSlots - 1)));
  ring_.Write(AccessKind::kHit, "next");
  EXPECT_EQ(ring_.Read().size(), 1u);
}

TEST_F(RingTest, RecordsKeepTheirOrderOverManyRounds) {
  ASSERT_TRUE(ring_.Start().ok());
  uint64_t written = 0;
  uint64_t read = 0;
  for (int round = 0; round < 10; ++round) {
    for (size_t i = 0; i < kRecorderSlots * 2 / 3; ++i) {
      ring_.Write(AccessKind::kHit, std::to_string(written++));
    }
    for (const AccessRecord& record : ring_.Read()) {
      ASSERT_EQ(record.id, MemoryRecorder::IdOf(std::to_string(read++)));
    }
    ASSERT_EQ(read, written);
  }
}

TEST_F(RingTest, AKeyIsInTheSampleWithAllItsAccessesOrNone) {
  ASSERT_TRUE(ring_.Start(0.25).ok());
  constexpr int kKeys = 4000;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kKeys; ++i) {
      ring_.Write(AccessKind::kHit, std::to_string(i));
    }
  }
  std::map<uint64_t, int> accesses;
  for (const AccessRecord& record : ring_.Read()) ++accesses[record.id];
  for (const auto& [id, count] : accesses) EXPECT_EQ(count, 3);
  // Five standard deviations of a binomial distribution.
  EXPECT_NEAR(static_cast<double>(accesses.size()), kKeys * 0.25, 137);
}

TEST_F(RingTest, TheGetsOfAllKeysAreCounted) {
  ring_.Write(AccessKind::kHit, "before");
  ASSERT_TRUE(ring_.Start(0.1).ok());
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::to_string(i);
    ring_.Write(i % 4 == 0 ? AccessKind::kHit : AccessKind::kMiss, key);
    ring_.Write(AccessKind::kSet, key);
    ring_.Write(AccessKind::kInvalidate, key);
  }
  EXPECT_EQ(ring_.reader.counts().gets, 1000u);
  EXPECT_EQ(ring_.reader.counts().hits, 250u);
  ring_.reader.Stop();
  ring_.Write(AccessKind::kHit, "after");
  EXPECT_EQ(ring_.reader.counts().gets, 1000u);
  ASSERT_TRUE(ring_.Start(0.1).ok());
  EXPECT_EQ(ring_.reader.counts().gets, 0u);
}

TEST_F(RingTest, AnotherSecretGivesOtherIdsAndAnotherSeedOtherKeys) {
  const auto ids = [&](const internal::RecordingParameters& parameters) {
    EXPECT_TRUE(ring_.reader.Start(parameters, recorder_test_ms).ok());
    for (int i = 0; i < 100; ++i) {
      ring_.Write(AccessKind::kHit, std::to_string(i));
    }
    std::set<uint64_t> ids;
    for (const AccessRecord& record : ring_.Read()) ids.insert(record.id);
    return ids;
  };
  const uint64_t half = internal::ThresholdFor(0.5);
  const auto first = ids({{1, 2}, 3, half});
  EXPECT_EQ(first, ids({{1, 2}, 3, half}));
  EXPECT_NE(first, ids({{1, 2}, 4, half}));
  for (const uint64_t id : ids({{1, 3}, 3, half})) {
    EXPECT_EQ(first.count(id), 0u);
  }
}

TEST_F(RingTest, TheSecretIsRemovedWithTheSession) {
  ASSERT_TRUE(ring_.Start().ok());
  EXPECT_EQ(ring_.layout->header.secret_0, 1u);
  EXPECT_EQ(ring_.layout->header.secret_1, 2u);
  ring_.reader.Stop();
  EXPECT_EQ(ring_.layout->header.secret_0, 0u);
  EXPECT_EQ(ring_.layout->header.secret_1, 0u);
}

TEST_F(RingTest, AProgramStopsWhenTheLeaseHasExpired) {
  ASSERT_TRUE(ring_.Start().ok());
  recorder_test_ms += RingReader::kLeaseMs;
  ring_.Write(AccessKind::kHit, "in time");
  EXPECT_TRUE(ring_.reader.Renew(recorder_test_ms));
  recorder_test_ms += RingReader::kLeaseMs;
  ring_.Write(AccessKind::kHit, "in time, too");
  EXPECT_EQ(ring_.Read().size(), 2u);
  recorder_test_ms += 1;
  ring_.Write(AccessKind::kHit, "late");
  EXPECT_EQ(ring_.layout->header.wanted, 0u);
  EXPECT_FALSE(ring_.reader.Renew(recorder_test_ms));
  EXPECT_EQ(ring_.Read().size(), 0u);
  ASSERT_TRUE(ring_.Start().ok());
  ring_.Write(AccessKind::kHit, "again");
  EXPECT_EQ(ring_.Read().size(), 1u);
}

TEST_F(RingTest, AnotherReaderGetsNothingOfTheSessionBefore) {
  ASSERT_TRUE(ring_.Start().ok());
  for (size_t i = 0; i < kRecorderSlots + 5; ++i) {
    ring_.Write(AccessKind::kHit, std::to_string(i));
  }
  RingReader next(*ring_.layout);
  ASSERT_TRUE(next.Start({{3, 4}, 5, UINT64_MAX}, recorder_test_ms).ok());
  EXPECT_EQ(next.dropped(), 0u);
  ring_.Write(AccessKind::kHit, "new");
  std::vector<AccessRecord> records;
  ASSERT_TRUE(next.Read(recorder_test_ms, false, 100, records).ok());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].id, internal::SipHash24({3, 4}, "new"));
}

// A thread that claimed a slot and never wrote it has moved the head only.
TEST_F(RingTest, AClaimedSlotIsWaitedForThenSkipped) {
  ASSERT_TRUE(ring_.Start().ok());
  ++ring_.layout->header.head;
  ring_.Write(AccessKind::kHit, "behind it");
  EXPECT_EQ(ring_.Read().size(), 0u);
  recorder_test_ms += RingReader::kPatienceMs - 1;
  EXPECT_EQ(ring_.Read().size(), 0u);
  recorder_test_ms += 1;
  EXPECT_EQ(ring_.Read().size(), 1u);
  EXPECT_EQ(ring_.reader.dropped(), 1u);
}

TEST_F(RingTest, AClaimedSlotIsNotWaitedForWithoutWriters) {
  ASSERT_TRUE(ring_.Start().ok());
  ++ring_.layout->header.head;
  ring_.Write(AccessKind::kHit, "behind it");
  EXPECT_EQ(ring_.Read(/*no_writers=*/true).size(), 1u);
}

TEST_F(RingTest, ARetiredSlotIsLeftOutInLaterRounds) {
  ASSERT_TRUE(ring_.Start().ok());
  ring_.layout->header.head += 3;
  EXPECT_EQ(ring_.Read(/*no_writers=*/true).size(), 0u);
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < kRecorderSlots; ++i) {
      ring_.Write(AccessKind::kHit, "key");
    }
    EXPECT_EQ(ring_.Read().size(), kRecorderSlots - 3) << round;
  }
  EXPECT_EQ(ring_.reader.dropped(), 3u + 3 * 3u);
}

TEST_F(RingTest, ARingWhoseSlotsAreAllRetiredDropsEverything) {
  ASSERT_TRUE(ring_.Start().ok());
  ring_.layout->header.head += kRecorderSlots;
  EXPECT_EQ(ring_.Read(/*no_writers=*/true).size(), 0u);
  for (size_t i = 0; i < 1000; ++i) ring_.Write(AccessKind::kHit, "key");
  EXPECT_EQ(ring_.Read().size(), 0u);
  EXPECT_TRUE(ring_.read_status.ok());
  EXPECT_EQ(ring_.reader.dropped(), kRecorderSlots + 1000);
}

TEST_F(RingTest, PositionsThatMakeNoSenseAreAnError) {
  ASSERT_TRUE(ring_.Start().ok());
  ring_.layout->header.head = kRecorderSlots + 100;
  EXPECT_EQ(ring_.Read().size(), 0u);
  EXPECT_TRUE(ring_.read_status.Is(ErrorCode::kCorrupt));
  EXPECT_TRUE(ring_.Start().Is(ErrorCode::kCorrupt));
  ring_.layout->header.head = 1;
  ring_.layout->slots[0].turn = 17;
  EXPECT_EQ(ring_.Read().size(), 0u);
  EXPECT_TRUE(ring_.read_status.Is(ErrorCode::kCorrupt));
}

TEST_F(RingTest, ThresholdsAreSharesOf64Bits) {
  EXPECT_EQ(internal::ThresholdFor(1), UINT64_MAX);
  EXPECT_EQ(internal::ThresholdFor(0.5), uint64_t{1} << 63);
  EXPECT_EQ(internal::ThresholdFor(0.25), uint64_t{1} << 62);
}

}  // namespace
}  // namespace appcache::ring_test
