// GetVia from many threads. Threads meet at latches, and no result depends on
// the order in which they run.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_threads_test {
namespace {

using Operation = MapCache::Operation;

constexpr int kThreads = 8;

void JoinAll(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
}

TEST(GetViaThreadsTest, ConcurrentCallersShareOneLoad) {
  MapCache cache;
  // The loader continues when every caller has read the cache.
  std::latch all_have_read(kThreads);
  std::atomic<int> looks{0};
  cache.set_hook([&](Operation operation, std::string_view) {
    if (operation == Operation::kGet && looks.fetch_add(1) < kThreads) {
      all_have_read.count_down();
    }
    return Status();
  });
  std::atomic<int> loads{0};
  std::array<std::string, kThreads> values;
  std::vector<std::thread> threads;
  for (std::string& value : values) {
    threads.emplace_back([&] {
      value = cache.GetVia(Key<std::string>("k"), [&] {
        all_have_read.wait();
        return "load " + std::to_string(++loads);
      });
    });
  }
  JoinAll(threads);
  EXPECT_EQ(loads, 1);
  for (const std::string& value : values) EXPECT_EQ(value, "load 1");
  EXPECT_EQ(cache.Stats().loads, 1u);
}

TEST(GetViaThreadsTest, AnExceptionOfTheLoaderReachesEveryCaller) {
  MapCache cache;
  // Kept until all threads have ended: one exception may be shared by several.
  std::array<std::exception_ptr, kThreads> failures;
  std::vector<std::thread> threads;
  for (std::exception_ptr& failure : failures) {
    threads.emplace_back([&] {
      try {
        (void)cache.GetVia(Key<int>("k"), []() -> int {
          throw std::out_of_range("no such user");
        });
      } catch (...) {
        failure = std::current_exception();
      }
    });
  }
  JoinAll(threads);
  for (const std::exception_ptr& failure : failures) {
    ASSERT_TRUE(failure);
    EXPECT_THROW(std::rethrow_exception(failure), std::out_of_range);
  }
  EXPECT_EQ(cache.size(), 0u);
}

TEST(GetViaThreadsTest, WaitingCallersGetNotFound) {
  MapCache cache;
  const auto load = [] { return Loaded<int>::NotFound(); };
  std::latch loading(1);
  std::latch released(1);
  std::thread leader([&] {
    EXPECT_FALSE(cache.GetVia(Key<int>("k"), [&] {
      loading.count_down();
      released.wait();
      return load();
    }));
  });
  loading.wait();
  // May join the flight before or after the leader has published.
  std::thread follower(
      [&] { EXPECT_FALSE(cache.GetVia(Key<int>("k"), load)); });
  released.count_down();
  leader.join();
  follower.join();
}

// Each caller parses the shared bytes.
struct UnreadableSerialiser {
  static std::string Serialise(int value) { return std::to_string(value); }
  static std::optional<int> Deserialise(const Bytes&) {
    throw std::domain_error("unreadable");
  }
};
struct UnreadableKey {
  using value_type = int;
  using serialiser = UnreadableSerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("k"); }
};

TEST(GetViaThreadsTest, ACallerThatCannotParseTheSharedValueLoadsForItself) {
  MapCache cache;
  // Makes most callers wait for the first one's load.
  std::latch all_have_read(kThreads);
  std::atomic<int> looks{0};
  cache.set_hook([&](Operation operation, std::string_view) {
    if (operation == Operation::kGet && looks.fetch_add(1) < kThreads) {
      all_have_read.count_down();
    }
    return Status();
  });
  std::array<int, kThreads> values{};
  std::vector<std::thread> threads;
  for (int& value : values) {
    threads.emplace_back([&] {
      value = cache.GetVia(UnreadableKey(), [&] {
        all_have_read.wait();
        return 7;
      });
    });
  }
  JoinAll(threads);
  for (const int value : values) EXPECT_EQ(value, 7);
  EXPECT_EQ(cache.Stats().loads, static_cast<uint64_t>(kThreads));
}

// Blocks a leader in its loader until Release.
class BlockedLoad {
 public:
  explicit BlockedLoad(MapCache& cache)
      : thread_([this, &cache] {
          value_ = cache.GetVia(Key<std::string>("k"), [this] {
            loading_.count_down();
            released_.wait();
            return std::string("blocked");
          });
        }) {
    loading_.wait();
  }
  ~BlockedLoad() { Release(); }

  std::string Release() {
    if (thread_.joinable()) {
      released_.count_down();
      thread_.join();
    }
    return value_;
  }

 private:
  std::latch loading_{1};
  std::latch released_{1};
  std::string value_;
  std::thread thread_;
};

TEST(GetViaThreadsTest, AfterMaxWaitACallerLoadsForItself) {
  MapCache cache;
  BlockedLoad blocked(cache);
  for (const int wait_ms : {0, -1, 1}) {
    LoadOptions options;
    options.max_wait = std::chrono::milliseconds(wait_ms);
    EXPECT_EQ(
        cache.GetVia(
            Key<std::string>("k"), [] { return std::string("own"); }, options),
        "own");
  }
  // Only the leader stores its value.
  EXPECT_FALSE(cache.Get(Key<std::string>("k")));
  EXPECT_EQ(blocked.Release(), "blocked");
  EXPECT_EQ(*cache.Get(Key<std::string>("k")), "blocked");
}

TEST(GetViaThreadsTest, ALoadDoesNotBlockOtherKeys) {
  MapCache cache;
  BlockedLoad blocked(cache);
  EXPECT_EQ(cache.GetVia(Key<int>("other"), [] { return 7; }), 7);
}

TEST(GetViaThreadsTest, ALoadDoesNotBlockReadsAndWrites) {
  MapCache cache;
  const Key<std::string> key("k");
  BlockedLoad blocked(cache);
  EXPECT_FALSE(cache.Get(key));
  ASSERT_TRUE(cache.Set(key, "newer").ok());
  EXPECT_EQ(*cache.Get(key), "newer");
  EXPECT_EQ(blocked.Release(), "blocked");
  EXPECT_EQ(*cache.Get(key), "newer");
}

// The old load may have read the value before the invalidation.
TEST(GetViaThreadsTest, AfterAnInvalidateACallerDoesNotShareTheOldLoad) {
  MapCache cache;
  const Key<std::string> key("k");
  BlockedLoad blocked(cache);
  ASSERT_TRUE(cache.Invalidate(key).ok());
  EXPECT_EQ(cache.GetVia(key, [] { return std::string("fresh"); }), "fresh");
  EXPECT_EQ(blocked.Release(), "blocked");
  EXPECT_EQ(*cache.Get(key), "fresh");
}

// The set starts while the loaded value is being stored.
TEST(GetViaThreadsTest, ASetDuringTheStoreOfALoadWins) {
  MapCache cache;
  const Key<std::string> key("k");
  std::thread writer;
  bool first_set = true;  // of the leader; the writer begins after it is false
  cache.set_hook([&](Operation operation, std::string_view) {
    if (operation == Operation::kSet && first_set) {
      first_set = false;
      writer = std::thread([&] { (void)cache.Set(key, "newer").ok(); });
    }
    return Status();
  });
  EXPECT_EQ(cache.GetVia(key, [] { return std::string("loaded"); }), "loaded");
  writer.join();
  EXPECT_EQ(*cache.Get(key), "newer");
}

// Mixed operations on few keys. Each returned value must belong to its key; the
// sanitizers check the rest.
TEST(GetViaThreadsTest, MixedWorkKeepsKeysApart) {
  MapCache cache;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const int id = (i * 7 + t) % 5;
        const Key<int> key("k", id);
        switch ((i + t) % 6) {
          case 0:
            (void)cache.Set(key, id).ok();
            break;
          case 1:
            (void)cache.Invalidate(key).ok();
            break;
          case 2:
            if (i % 50 == 0) (void)cache.Clear().ok();
            break;
          default:
            if (cache.GetVia(key, [id] { return id; }) != id) ++wrong;
        }
      }
    });
  }
  JoinAll(threads);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace appcache::get_via_threads_test
