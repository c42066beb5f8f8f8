// Many writers and a reader: every record arrives once, and those of a thread
// in its order.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/record/recorder.h"

namespace appcache::ring_threads_test {
namespace {

using internal::AccessRecord;
using internal::RingReader;

constexpr int kThreads = 4;
constexpr int kWrites = 20'000;

// The key and the size say which thread wrote the record, and when.
void WriteAll(MemoryRecorder& ring, int thread) {
  const std::string key = std::to_string(thread);
  for (int i = 0; i < kWrites; ++i) {
    ring.Write(AccessKind::kHit, key, static_cast<size_t>(i));
  }
}

TEST(RingThreadsTest, EveryRecordArrivesOnceOrIsCountedAsDropped) {
  MemoryRecorder ring;
  ASSERT_TRUE(ring.Start().ok());
  std::atomic<int> running{kThreads};
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&ring, &running, t] {
      WriteAll(ring, t);
      --running;
    });
  }
  std::map<uint64_t, int64_t> last;
  uint64_t read = 0;
  for (bool is_over = false; !is_over;) {
    is_over = running == 0;
    for (const AccessRecord& record : ring.Read()) {
      ++read;
      const auto found = last.try_emplace(record.id, -1).first;
      const int64_t number = int64_t{record.bytes} - 1;
      EXPECT_GT(number, found->second);
      found->second = number;
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(ring.read_status.ok());
  EXPECT_GT(read, 0U);
  // While the reader waits for a processor, all of a thread may be dropped.
  EXPECT_LE(last.size(), size_t{kThreads});
  EXPECT_EQ(ring.reader.counts().gets, uint64_t{kThreads} * kWrites);
  EXPECT_EQ(read + ring.reader.dropped(), uint64_t{kThreads} * kWrites);
}

// Sessions with other secrets follow each other while threads write: a record
// of one never appears in another.
TEST(RingThreadsTest, ARecordHasTheSecretOfItsSession) {
  MemoryRecorder ring;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&] {
      while (!is_over) ring.Write(AccessKind::kHit, "key");
    });
  }
  uint64_t read = 0;
  for (uint64_t session = 1; session <= 40 || read == 0; ++session) {
    const internal::SipKey secret = {session, ~session};
    ASSERT_TRUE(
        ring.reader.Start({secret, session, UINT64_MAX}, recorder_test_ms)
            .ok());
    std::this_thread::yield();
    for (const AccessRecord& record : ring.Read()) {
      ++read;
      ASSERT_EQ(record.id, internal::SipHash24(secret, "key"));
    }
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace appcache::ring_threads_test
