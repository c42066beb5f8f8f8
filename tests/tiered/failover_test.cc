// Failover behind one address: a proxy leads new connections to the new
// primary, and the old one, to which connections are open, becomes a replica.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/cut_proxy.h"
#include "tests/servers/redis_server.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

using std::chrono::steady_clock;

// From the first refusal, or from when the proxy leads to the new primary.
constexpr std::chrono::seconds kMaxRecovery{1};
constexpr std::chrono::seconds kPatience{60};

template <class Condition>
bool Await(const Condition& condition) {
  const auto until = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

class FailoverTest : public testing::Test {
 protected:
  FailoverTest() {
    new_primary_.Run("SET pyappcache/k v");
    old_primary_.Run("SET pyappcache/k v");
  }

  std::unique_ptr<RedisCache> OpenCache() {
    RedisCacheOptions options;
    options.host = "127.0.0.1";
    options.port = proxy_.port();
    options.timeout = std::chrono::seconds(60);
    return *RedisCache::Open(std::move(options));
  }

  std::unique_ptr<TieredCache> OpenTier() {
    const auto remote = OpenCache();
    TieredOptions options;
    // Reads need the remote.
    options.max_local_ttl = std::chrono::milliseconds(1);
    auto tier = *TieredCache::Open(std::make_shared<MapBackend>(),
                                   remote->backend(), options);
    EXPECT_TRUE(Await([&] { return tier->coherent(); }));
    return tier;
  }

  // Its primary cannot be reached, so it keeps its entries.
  void DemoteOldPrimary() {
    EXPECT_EQ(old_primary_.Run("REPLICAOF 127.0.0.1 1"), "OK");
  }
  void LeadToNewPrimary() { proxy_.LeadTo(new_primary_.socket_path()); }

  // Writes until a write succeeds. Returns how long that took.
  static steady_clock::duration WriteUntilDone(Backend& backend) {
    const auto begin = steady_clock::now();
    EXPECT_TRUE(Await([&] {
      const Status status = backend.SetRaw("pyappcache/w", "new", kNoTtl);
      EXPECT_TRUE(status.ok() || status.Is(ErrorCode::kUnavailable))
          << status.ToString();
      return status.ok();
    }));
    return steady_clock::now() - begin;
  }

  static void ExpectRefused(Backend& backend) {
    const Status status = backend.SetRaw("pyappcache/w", "new", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    EXPECT_NE(status.ToString().find("READONLY"), std::string::npos)
        << status.ToString();
  }

  RedisServer old_primary_;
  RedisServer new_primary_;
  CutProxy proxy_{old_primary_.socket_path()};
};

// Reads an entry all the time, on several threads.
class Readers {
 public:
  explicit Readers(Backend& backend) {
    for (int i = 0; i < 3; ++i) {
      threads_.emplace_back([this, &backend] {
        while (!is_over_) {
          if (!backend.GetRaw("pyappcache/k").is_hit()) ++failures_;
          ++reads_;
        }
      });
    }
  }
  ~Readers() {
    AwaitMore();
    is_over_ = true;
    threads_.clear();
    EXPECT_EQ(failures_, 0);
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Waits until further reads have been done.
  void AwaitMore() const {
    const int before = reads_;
    EXPECT_TRUE(Await([&] { return reads_ > before + 10; }));
  }

 private:
  std::atomic<bool> is_over_{false};
  std::atomic<int> reads_{0};
  std::atomic<int> failures_{0};
  std::vector<std::jthread> threads_;
};

TEST_F(FailoverTest, RefusedCallIsRepeatedOnTheNewPrimary) {
  using Operation = std::function<Status(Backend&)>;
  const std::vector<RawEntry> entries = {{"a", "v"}, {"b", "v"}};
  const std::pair<const char*, Operation> operations[] = {
      {"set", [](auto& b) { return b.SetRaw("a", "v", kNoTtl); }},
      {"set many", [&](auto& b) { return b.SetManyRaw(entries); }},
      {"add", [](auto& b) { return b.AddRaw("c", "v", kNoTtl).status(); }},
      {"invalidate", [](auto& b) { return b.InvalidateRaw("a"); }},
      {"prefix", [](auto& b) { return b.InvalidatePrefixRaw("pyappcache"); }},
      {"clear", [](auto& b) { return b.ClearRaw(); }},
  };
  for (const auto& [name, operation] : operations) {
    proxy_.LeadTo(old_primary_.socket_path());
    old_primary_.Run("REPLICAOF NO ONE");
    const auto cache = OpenCache();
    ASSERT_TRUE(cache->backend()->SetRaw("pyappcache/old", "v", kNoTtl).ok());
    DemoteOldPrimary();
    LeadToNewPrimary();
    const Status status = operation(*cache->backend());
    EXPECT_TRUE(status.ok()) << name << ": " << status.ToString();
    EXPECT_EQ(cache->backend()->GetRaw("pyappcache/old").is_hit(), false);
  }
  EXPECT_EQ(new_primary_.Run("DBSIZE"), ":0");
}

TEST_F(FailoverTest, CacheRecoversInTimeAndReadsNeverStop) {
  const auto cache = OpenCache();
  const Readers readers(*cache->backend());
  ASSERT_TRUE(cache->backend()->SetRaw("pyappcache/w", "old", kNoTtl).ok());
  DemoteOldPrimary();
  for (int i = 0; i < 20; ++i) ExpectRefused(*cache->backend());
  readers.AwaitMore();
  LeadToNewPrimary();
  EXPECT_LT(WriteUntilDone(*cache->backend()), kMaxRecovery);
  EXPECT_EQ(new_primary_.Run("GET pyappcache/w"), "new");
}

TEST_F(FailoverTest, TierRecoversInTimeAndReadsNeverStop) {
  const auto tier = OpenTier();
  const Readers readers(*tier->backend());
  ASSERT_TRUE(tier->backend()->SetRaw("pyappcache/w", "old", kNoTtl).ok());
  DemoteOldPrimary();
  for (int i = 0; i < 20; ++i) {
    ExpectRefused(*tier->backend());
    EXPECT_TRUE(tier->Report().breaker_is_closed);
  }
  readers.AwaitMore();
  LeadToNewPrimary();
  EXPECT_LT(WriteUntilDone(*tier->backend()), kMaxRecovery);
  EXPECT_EQ(tier->Report().breaker_openings, 0u);
  // The retry of the writes that were refused may come first.
  EXPECT_TRUE(Await([&] {
    return tier->backend()->SetRaw("pyappcache/w", "new", kNoTtl).ok() &&
           new_primary_.Run("GET pyappcache/w") == "new";
  }));
}

// Otherwise it would miss the changes of those who write to the new primary.
TEST_F(FailoverTest, TierIsNotifiedByTheNewPrimary) {
  const auto tier = OpenTier();
  ASSERT_TRUE(tier->backend()->SetRaw("pyappcache/w", "old", kNoTtl).ok());
  DemoteOldPrimary();
  LeadToNewPrimary();
  EXPECT_LT(WriteUntilDone(*tier->backend()), kMaxRecovery);
  EXPECT_TRUE(Await([&] {
    return old_primary_.Run("CLIENT LIST TYPE pubsub").empty() &&
           !new_primary_.Run("CLIENT LIST TYPE pubsub").empty();
  }));
  EXPECT_TRUE(Await([&] { return tier->coherent(); }));
  EXPECT_EQ(tier->Report().links_made, 2u);
}

// A program that may only read must not lose its link with each write.
TEST_F(FailoverTest, TierOnAReplicaForGoodKeepsItsLinkAndReads) {
  DemoteOldPrimary();
  const auto tier = OpenTier();
  const Readers readers(*tier->backend());
  // Each refusal leads to new connections, at most four times in a second.
  const int64_t accepted = old_primary_.AcceptedConnections();
  EXPECT_TRUE(Await([&] {
    ExpectRefused(*tier->backend());
    return old_primary_.AcceptedConnections() >= accepted + 4;
  }));
  EXPECT_EQ(tier->Report().links_made, 1u);
  EXPECT_EQ(tier->Report().breaker_openings, 0u);
}

}  // namespace
}  // namespace appcache
