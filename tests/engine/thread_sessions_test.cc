// E9, threads that come and go: each has a session while it lives, and leaves
// nothing behind.

#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lru/sessions.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::thread_sessions_test {
namespace {

size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& item :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

// So many threads at once, each of which does `work(thread)`; all are there
// before the first of them ends.
template <class Work>
void InThreads(int count, const Work& work) {
  std::latch done(count);
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      work(i);
      done.arrive_and_wait();
    });
  }
}

TEST(ThreadSessionsTest, ShortLivedThreadsLeaveNoDescriptorsBehind) {
  const Scratch scratch;
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  Set(*cache, "a");
  const auto get = [&](int) { EXPECT_EQ(Get(*cache, "a"), "value"); };
  // As many at once as ever below.
  InThreads(8, get);
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 50; ++round) InThreads(8, get);
  EXPECT_LE(OpenDescriptors(), before);
  EXPECT_EQ(cache->Stats().hits, 408u);
}

TEST(ThreadSessionsTest, CachesThatComeAndGoLeaveNoDescriptorsBehind) {
  const Scratch scratch;
  // All in one thread, which lives on.
  const auto open_and_get = [&] {
    const auto file = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
    Set(*file, "a");
    Get(*file, "a");
    const auto memory = Must(SqliteCache::OpenInMemory({}, "come and go"));
    Set(*memory, "a");
    Get(*memory, "a");
  };
  open_and_get();
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 100; ++round) open_and_get();
  EXPECT_LE(OpenDescriptors(), before);
}

TEST(ThreadSessionsTest, MoreThreadsThanSessionsShareThem) {
  constexpr int kThreads = static_cast<int>(lru::Sessions::kMaxSessions) + 20;
  const auto cache = Must(SqliteCache::OpenInMemory({}, "many"));
  for (int i = 0; i < kThreads; ++i) Set(*cache, std::to_string(i), "value");
  std::latch all(kThreads);
  InThreads(kThreads, [&](int i) {
    const std::string path = std::to_string(i);
    EXPECT_EQ(Get(*cache, path), "value");
    all.arrive_and_wait();
    for (int round = 0; round < 20; ++round) {
      EXPECT_EQ(Get(*cache, path), "value");
      EXPECT_EQ(Get(*cache, "none"), "<miss>");
    }
  });
  EXPECT_EQ(cache->Stats().hits, 21u * kThreads);
  EXPECT_EQ(cache->Stats().misses, 20u * kThreads);
}

TEST(ThreadSessionsTest, UsesByThreadsThatHaveEndedCount) {
  SqliteCacheOptions options;
  options.max_entries = 3;
  options.clock = std::make_shared<FakeClock>();
  const auto cache = Must(SqliteCache::OpenInMemory(options, "ended"));
  for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
  std::jthread([&] { Get(*cache, "a"); }).join();
  std::jthread([&] { Get(*cache, "b"); }).join();
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "d"}));
}

TEST(ThreadSessionsTest, UsesByThreadsThatLiveCountInTheirOrder) {
  SqliteCacheOptions options;
  options.max_entries = 3;
  options.clock = std::make_shared<FakeClock>();
  const auto cache = Must(SqliteCache::OpenInMemory(options, "live"));
  for (const char* const path : {"a", "b", "c"}) Set(*cache, path);
  std::latch first(1);
  std::latch second(1);
  std::latch end(1);
  std::jthread one([&] {
    Get(*cache, "b");
    first.count_down();
    end.wait();
  });
  std::jthread two([&] {
    first.wait();
    Get(*cache, "a");
    second.count_down();
    end.wait();
  });
  second.wait();
  Set(*cache, "d");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "b", "d"}));
  Set(*cache, "e");
  EXPECT_EQ(PathsIn(*cache), (StringSet{"a", "d", "e"}));
  end.count_down();
}

TEST(ThreadSessionsTest, ACacheMayGoBeforeTheThreadsThatUsedIt) {
  constexpr int kThreads = 8;
  auto cache = Must(SqliteCache::OpenInMemory({}, "goes first"));
  Set(*cache, "a");
  std::latch used(kThreads);
  std::latch gone(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      Get(*cache, "a");
      used.count_down();
      gone.wait();
      // Meets another cache, and with it the session of the one that is gone.
      const auto other = Must(SqliteCache::OpenInMemory({}, "another"));
      EXPECT_EQ(Get(*other, "a"), "<miss>");
    });
  }
  used.wait();
  cache.reset();
  gone.count_down();
}

// A static or thread-local object may use a cache in its destructor, after the
// thread's sessions have gone.
TEST(ThreadSessionsTest, AThreadOnItsWayOutMayStillCall) {
  const auto cache = Must(SqliteCache::OpenInMemory({}, "way out"));
  Set(*cache, "a");
  static std::string got;
  struct LastWords {
    SqliteCache* cache = nullptr;
    ~LastWords() {
      if (cache != nullptr) got = Get(*cache, "a");
    }
  };
  std::jthread([&] {
    // Made before the sessions, so destroyed after them.
    thread_local LastWords last_words;
    last_words.cache = cache.get();
    Get(*cache, "a");
  }).join();
  EXPECT_TRUE(got == "value" || got.starts_with("unavailable")) << got;
  Set(*cache, "b");
  EXPECT_EQ(Get(*cache, "b"), "value");
}

}  // namespace
}  // namespace appcache::thread_sessions_test
