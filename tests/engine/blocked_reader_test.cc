// A visitor that does not return holds back the memory of what was replaced.
// That memory is bounded, and gets, removals and small amounts of sets go on.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/support/await.h"

namespace appcache::blocked_reader_test {
namespace {

using std::chrono::milliseconds;

constexpr size_t kValueBytes = 100'000;
// What may wait for readers, and what one more value and each shard may add.
constexpr uint64_t kMaxRetiredBytes = uint64_t{16} << 20;
constexpr uint64_t kSlack = uint64_t{2} << 20;

// A thread inside a visitor of "visited", until Leave.
class BlockedReader {
 public:
  explicit BlockedReader(SqliteCache& cache)
      : thread_([this, &cache] {
          const Lookup<size_t> viewed = cache.backend()->ViewRaw(
              "visited", [this](std::string_view bytes) {
                entered_.count_down();
                leave_.wait();
                EXPECT_EQ(bytes, "value");
              });
          EXPECT_TRUE(viewed.is_hit());
        }) {
    entered_.wait();
  }
  ~BlockedReader() { Leave(); }
  BlockedReader(const BlockedReader&) = delete;
  BlockedReader& operator=(const BlockedReader&) = delete;

  // Returns after the read.
  void Leave() {
    if (!thread_.joinable()) return;
    leave_.count_down();
    thread_.join();
  }
  // The visitor may return; the caller does not wait for it.
  void LetGo() { leave_.count_down(); }
  void Join() { thread_.join(); }

 private:
  std::latch entered_{1};
  std::latch leave_{1};
  std::thread thread_;
};

class BlockedReaderTest : public testing::Test {
 protected:
  BlockedReaderTest() {
    options_.clock = clock_;
    options_.busy_timeout = milliseconds(10);
    cache_ = Must(SqliteCache::OpenInMemory(options_, "blocked"));
    Set(*cache_, "visited");
    // So that no access is pending, and none arms the maintenance thread.
    EXPECT_TRUE(cache_->Flush().ok());
  }

  Status TrySet(std::string_view path = "replaced") {
    return cache_->backend()->SetRaw(path, std::string(kValueBytes, 'v'),
                                     kNoTtl);
  }

  // Sets until one fails. Returns how many did not.
  int FillRetired(Status& failure) {
    for (int i = 0; i < 1000; ++i) {
      failure = TrySet();
      if (!failure.ok()) return i;
    }
    return 1000;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(BlockedReaderTest, SetsGoOnUntilMuchMemoryWaitsAndAreThenBusy) {
  BlockedReader reader(*cache_);
  Status failure;
  const int sets = FillRetired(failure);
  EXPECT_TRUE(failure.Is(ErrorCode::kBusy)) << failure.ToString();
  EXPECT_NE(failure.ToString().find("visitor"), std::string::npos)
      << failure.ToString();
  EXPECT_GE(sets, static_cast<int>(kMaxRetiredBytes / kValueBytes));
  EXPECT_LE(*cache_->Stats().retired_bytes, kMaxRetiredBytes + kSlack);
  // Others go on.
  EXPECT_EQ(Get(*cache_, "replaced"), std::string(kValueBytes, 'v'));
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("replaced").ok());
  EXPECT_EQ(Get(*cache_, "replaced"), "<miss>");
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_TRUE(TrySet().Is(ErrorCode::kBusy));
  reader.Leave();
  EXPECT_TRUE(TrySet().ok());
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_LE(*cache_->Stats().retired_bytes, kSlack);
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

// Reads that begin later do not hold back what was replaced before.
TEST_F(BlockedReaderTest, OtherReadersHoldBackNothing) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(TrySet().ok()) << i;
    const BlockedReader reader(*cache_);
    ASSERT_LE(*cache_->Stats().retired_bytes, kMaxRetiredBytes + kSlack);
  }
}

// A Clear retires everything at once. Sets that come after the reader has left
// need nobody else to free that: no get, Flush, or time that passes.
TEST_F(BlockedReaderTest, SetsWorkAfterAClearWhenTheReaderHasLeft) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(TrySet(std::to_string(i)).ok());
    if (i % 50 != 49) continue;
    ASSERT_TRUE(cache_->Flush().ok());
  }
  {
    BlockedReader reader(*cache_);
    // The access of the visitor is written.
    EXPECT_TRUE(cache_->Flush().ok());
    ASSERT_TRUE(cache_->Clear().ok());
    EXPECT_GT(*cache_->Stats().retired_bytes, kMaxRetiredBytes);
    // The maintenance thread has done its work, and freed nothing. It may still
    // make SQLite's memory smaller.
    EXPECT_TRUE(Await([&] { return cache_->Flush().ok(); }));
    EXPECT_TRUE(TrySet().Is(ErrorCode::kBusy));
  }
  const Status status = TrySet();
  EXPECT_TRUE(status.ok()) << status.ToString();
  clock_->Advance(options_.write_behind_interval);
  EXPECT_TRUE(Await([&] { return *cache_->Stats().retired_bytes <= kSlack; }));
}

TEST_F(BlockedReaderTest, CloseWaitsForIt) {
  BlockedReader reader(*cache_);
  Set(*cache_, "visited", "new");
  std::atomic<bool> is_closed{false};
  std::thread closer([&] {
    EXPECT_TRUE(cache_->Close().ok());
    is_closed = true;
  });
  // It has begun: it makes later calls fail.
  EXPECT_TRUE(Await([&] {
    return cache_->backend()->GetRaw("visited").status().Is(
        ErrorCode::kUnavailable);
  }));
  const auto soon = std::chrono::steady_clock::now() + milliseconds(20);
  while (std::chrono::steady_clock::now() < soon && !is_closed) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(is_closed);
  reader.LetGo();
  closer.join();
  reader.Join();
}

}  // namespace
}  // namespace appcache::blocked_reader_test
