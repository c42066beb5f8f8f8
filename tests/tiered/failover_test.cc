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

#include "adapters/net/address.h"
#include "adapters/net/settings.h"
#include "adapters/redis/client.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "appcache/error.h"
#include "appcache/redis_cache.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/cut_proxy.h"
#include "tests/servers/redis_server.h"
#include "tests/support/await.h"
#include "tests/support/map_cache.h"

namespace appcache::failover_test {
namespace {

using std::chrono::steady_clock;

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
    options.timeout = options.connect_timeout = std::chrono::seconds(60);
    return *RedisCache::Open(std::move(options));
  }

  std::unique_ptr<TieredCache> OpenTier() {
    const auto remote = OpenCache();
    TieredOptions options;
    // Reads need the remote.
    options.max_local_ttl = std::chrono::milliseconds(1);
    // A late pong on a busy machine must not make the tier link again.
    options.lease.max_staleness = std::chrono::seconds(10);
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

  // Writes until a write succeeds.
  static void WriteUntilDone(Backend& backend) {
    EXPECT_TRUE(Await([&] {
      const Status status = backend.SetRaw("pyappcache/w", "new", kNoTtl);
      EXPECT_TRUE(status.ok() || status.Is(ErrorCode::kUnavailable))
          << status.ToString();
      return status.ok();
    }));
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

// Prefixes: several pages of SCAN, and on the new primary other keys too.
class PrefixFailoverTest : public FailoverTest {
 protected:
  static constexpr int kKeys = 5000;

  PrefixFailoverTest() {
    Fill(old_primary_, "pyappcache/shared/");
    Fill(new_primary_, "pyappcache/shared/");
    Fill(new_primary_, "pyappcache/new/");
    new_primary_.Run("SET other v");
  }

  static void Fill(RedisServer& server, const std::string& prefix) {
    EXPECT_EQ(server.Run({"EVAL",
                          "for i = 1, ARGV[2] do "
                          "  redis.call('SET', ARGV[1] .. i, 'v') "
                          "end return 'done'",
                          "0", prefix, std::to_string(kKeys)}),
              "done");
  }

  void ExpectGoneFromNewPrimary() {
    const auto cache = OpenCache();
    const Status status = cache->backend()->InvalidatePrefixRaw("pyappcache/");
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(new_primary_.Run("KEYS *"), "[other]");
  }
};

TEST_F(PrefixFailoverTest, DemotedServerHandsOverBetweenTwoPages) {
  proxy_.BeforeRequest("SCAN", 3, [this] {
    DemoteOldPrimary();
    LeadToNewPrimary();
  });
  ExpectGoneFromNewPrimary();
}

// The server has nothing to remove, so only the SCAN would be sent to it.
TEST_F(PrefixFailoverTest, DemotedServerWithoutMatchesIsNotEnough) {
  EXPECT_EQ(old_primary_.Run("FLUSHDB"), "OK");
  const auto cache = OpenCache();
  EXPECT_FALSE(cache->backend()->GetRaw("a").has_error());
  DemoteOldPrimary();
  LeadToNewPrimary();
  const Status status = cache->backend()->InvalidatePrefixRaw("pyappcache/");
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(new_primary_.Run("KEYS *"), "[other]");
}

TEST_F(PrefixFailoverTest, ConnectionCutBetweenTwoPagesLeadsToAnotherServer) {
  proxy_.BeforeRequest("SCAN", 3, [this] {
    LeadToNewPrimary();
    proxy_.Cut();
  });
  ExpectGoneFromNewPrimary();
}

// Before the last keys are removed, the end of the database has been read.
TEST_F(PrefixFailoverTest, ConnectionCutAfterTheLastPageLeadsToAnotherServer) {
  EXPECT_EQ(old_primary_.Run("FLUSHDB"), "OK");
  EXPECT_EQ(old_primary_.Run("SET pyappcache/shared/1 v"), "OK");
  proxy_.BeforeRequest("pyappcache/shared/1\r\n", 1, [this] {
    LeadToNewPrimary();
    proxy_.Cut();
  });
  ExpectGoneFromNewPrimary();
}

// Each request arrives on a connection of its own.
TEST_F(PrefixFailoverTest, ServerThatClosesEachConnectionIsAnError) {
  std::function<void()> cut = [&] {
    proxy_.Cut();
    proxy_.BeforeRequest("SCAN", 2, cut);
  };
  proxy_.BeforeRequest("SCAN", 2, cut);
  // Without keys to remove, so that it makes no progress.
  const Status status = OpenCache()->backend()->InvalidatePrefixRaw("unused/");
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
}

// A cursor is valid on one server only, so a walk does not go on with another.
TEST_F(PrefixFailoverTest, WalkEndsWithItsConnection) {
  for (const bool with_values : {false, true}) {
    proxy_.BeforeRequest("SCAN", 3, [this] {
      LeadToNewPrimary();
      proxy_.Cut();
    });
    int visits = 0;
    const auto cache = OpenCache();
    const Status status = cache->backend()->WalkRaw(
        {"pyappcache/shared/", with_values}, [&](const WalkedEntry& entry) {
          EXPECT_TRUE(entry.path.starts_with("pyappcache/shared/"));
          ++visits;
          return true;
        });
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    EXPECT_GT(visits, 0);
    EXPECT_LT(visits, kKeys);
    proxy_.LeadTo(old_primary_.socket_path());
  }
}

// --- The limit of replacements, and what shows a failover.

TEST_F(FailoverTest, RefusedWritersReplaceTheConnectionsNoMoreThanOnceEach) {
  constexpr int kWriters = 16;
  constexpr int kWrites = 100;
  const auto cache = OpenCache();
  DemoteOldPrimary();
  const int64_t before = old_primary_.AcceptedConnections();
  const auto begin = steady_clock::now();
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < kWrites; ++n) ExpectRefused(*cache->backend());
    });
  }
  writers.clear();
  // One each 250 ms, after the first; and each writer connects anew then.
  const auto renewals =
      (steady_clock::now() - begin) / std::chrono::milliseconds(250) + 1;
  EXPECT_LE(old_primary_.AcceptedConnections() - before,
            kWriters * (renewals + 1));
}

redis::Client MakeClient(uint16_t port) {
  redis::Login login;
  login.reply_limits = {1000, 10};
  const net::Settings settings{kPatience, kPatience, /*max_connections=*/4};
  return {net::Endpoint{"Redis", "127.0.0.1", port, ""}, std::move(login),
          settings};
}

Status Write(redis::Client& client) {
  return client.ExchangeChecked(
      [](redis::Connection& connection) {
        connection.Append({"SET", "pyappcache/w", "v"});
      },
      [](const redis::Reply& reply) {
        return reply.is_ok() ? Status() : Status(ErrorCode::kUnavailable, "no");
      },
      redis::Kind::kWrite);
}

Status Read(redis::Client& client) {
  return client.Exchange(
      [](redis::Connection& connection) {
        connection.Append({"GET", "a"});
      },
      [](const redis::Reply&) { return Status(); });
}

TEST_F(FailoverTest, AcceptedWriteShowsAFailoverAfterARefusedRetry) {
  redis::Client client = MakeClient(proxy_.port());
  ASSERT_TRUE(Write(client).ok());
  DemoteOldPrimary();
  EXPECT_FALSE(Write(client).ok());
  LeadToNewPrimary();
  client.Renew();
  // A replica, too, serves reads.
  EXPECT_TRUE(Read(client).ok());
  EXPECT_EQ(client.failovers(), 0u);
  EXPECT_TRUE(Write(client).ok());
  EXPECT_EQ(client.failovers(), 1u);
  EXPECT_TRUE(Write(client).ok());
  EXPECT_EQ(client.failovers(), 1u);
}

TEST_F(FailoverTest, FailoverThatManyWritersNoticeCountsOnce) {
  redis::Client client = MakeClient(proxy_.port());
  DemoteOldPrimary();
  {
    // So that each writer may have a connection to the old primary.
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i)
      readers.emplace_back([&] { (void)Read(client); });
  }
  LeadToNewPrimary();
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_TRUE(Write(client).ok());
    });
  }
  writers.clear();
  EXPECT_LE(client.failovers(), 1u);
}

TEST_F(FailoverTest, CacheRecoversAndReadsNeverStop) {
  const auto cache = OpenCache();
  const Readers readers(*cache->backend());
  ASSERT_TRUE(cache->backend()->SetRaw("pyappcache/w", "old", kNoTtl).ok());
  DemoteOldPrimary();
  for (int i = 0; i < 20; ++i) ExpectRefused(*cache->backend());
  readers.AwaitMore();
  LeadToNewPrimary();
  WriteUntilDone(*cache->backend());
  EXPECT_EQ(new_primary_.Run("GET pyappcache/w"), "new");
}

TEST_F(FailoverTest, TierRecoversAndReadsNeverStop) {
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
  WriteUntilDone(*tier->backend());
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
  WriteUntilDone(*tier->backend());
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
}  // namespace appcache::failover_test
