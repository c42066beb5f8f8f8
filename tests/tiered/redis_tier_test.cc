// Tiers in front of a real Redis server: its notifications, and how the tiers
// behave when it freezes, dies or moves.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/cut_proxy.h"
#include "tests/servers/redis_server.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache::redis_tier_test {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPath = "pyappcache/k";
class RedisTierTest : public testing::Test {
 protected:
  // Longer than a busy machine stops, so that a late heartbeat does not make
  // the tier link again. Not as long as kPatience: some losses are
  // noticed only by a missing heartbeat.
  RedisTierTest() { options_.lease.max_staleness = std::chrono::seconds(10); }

  // For a test of a server that hangs, before Open. The others do not depend on
  // a time limit that a busy machine exceeds.
  void ShortenTimeouts() {
    options_.lease.max_staleness = milliseconds(400);
    timeout_ = milliseconds(200);
  }

  // Connects to `port` of 127.0.0.1, or to the server itself if it is 0.
  std::unique_ptr<TieredCache> Open(uint16_t port = 0) {
    RedisCacheOptions remote;
    if (port == 0) {
      remote.unix_path = server_.socket_path();
    } else {
      remote.host = "127.0.0.1";
      remote.port = port;
    }
    remote.user = user_;
    remote.password = user_.empty() ? "" : "secret";
    remote.timeout = remote.connect_timeout = timeout_;
    remote.cache = options_.cache = log_.options();
    const auto local =
        SqliteCache::OpenInMemory({}, "tier" + std::to_string(++opened_));
    auto tier = TieredCache::Open(
        (*local)->backend(), (*RedisCache::Open(remote))->backend(), options_);
    EXPECT_TRUE(tier.ok()) << tier.status().ToString();
    return *std::move(tier);
  }
  std::unique_ptr<TieredCache> OpenCoherent(uint16_t port = 0) {
    auto tier = Open(port);
    EXPECT_TRUE(Await([&] { return tier->coherent(); }));
    return tier;
  }

  static std::string Get(Cache& cache, std::string_view path = kPath) {
    const Lookup<Bytes> found = cache.backend()->GetRaw(path);
    if (found) return std::string(found->view());
    return found.has_error() ? "error" : "none";
  }

  // Reads the entry until a local copy is served.
  static bool IsLocal(TieredCache& tier, std::string_view path = kPath) {
    return Await([&] {
      const uint64_t before = tier.Report().local_hits;
      Get(tier, path);
      return tier.Report().local_hits > before;
    });
  }

  // Returns when `tier` has the invalidations of all changes that were made
  // before: they arrive in order. A copy that is filled before the invalidation
  // of an earlier change has arrived is dropped by it.
  void AwaitInvalidations(TieredCache& tier) {
    constexpr std::string_view kLast = "pyappcache/last";
    server_.Run("SET pyappcache/last before");
    ASSERT_TRUE(IsLocal(tier, kLast));
    server_.Run("SET pyappcache/last after");
    ASSERT_TRUE(Await([&] { return Get(tier, kLast) == "after"; }));
  }

  CapturedLog log_;
  RedisServer server_;
  TieredOptions options_;
  milliseconds timeout_ = kPatience;
  std::string user_;
  int opened_ = 0;
};

TEST_F(RedisTierTest, EveryKindOfChangeByOthersIsVisible) {
  const auto tier = OpenCoherent();
  for (const char* const change :
       {"SET pyappcache/k new", "DEL pyappcache/k", "APPEND pyappcache/k x",
        "RENAME pyappcache/other pyappcache/k", "FLUSHDB", "FLUSHALL"}) {
    server_.Run("SET pyappcache/k old");
    server_.Run("SET pyappcache/other other");
    ASSERT_TRUE(IsLocal(*tier)) << change;
    server_.Run(change);
    const std::string now = server_.Run("GET pyappcache/k");
    const std::string expected = now == "(nil)" ? "none" : now;
    EXPECT_TRUE(Await([&] { return Get(*tier) == expected; }))
        << change << ": " << Get(*tier) << ", not " << expected;
  }
}

TEST_F(RedisTierTest, AWriteThroughOneTierIsVisibleInAnother) {
  const auto one = OpenCoherent();
  const auto two = OpenCoherent();
  for (int i = 0; i < 20; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(one->backend()->SetRaw(kPath, value, kNoTtl).ok());
    EXPECT_EQ(Get(*one), value);
    EXPECT_TRUE(Await([&] { return Get(*two) == value; }));
  }
  ASSERT_TRUE(two->backend()->ClearRaw().ok());
  EXPECT_EQ(Get(*two), "none");
  EXPECT_TRUE(Await([&] { return Get(*one) == "none"; }));
}

TEST_F(RedisTierTest, AnInvalidatePrefixThroughOneTierIsVisibleInAnother) {
  const auto one = OpenCoherent();
  const auto two = OpenCoherent();
  const std::string_view gone[] = {"pyappcache/a/1", "pyappcache/a/2"};
  for (const std::string_view path : gone) {
    ASSERT_TRUE(one->backend()->SetRaw(path, "v", kNoTtl).ok());
    ASSERT_TRUE(IsLocal(*two, path));
  }
  ASSERT_TRUE(one->backend()->SetRaw(kPath, "v", kNoTtl).ok());
  AwaitInvalidations(*two);
  ASSERT_TRUE(IsLocal(*two));
  ASSERT_TRUE(one->InvalidatePrefix("a/").ok());
  for (const std::string_view path : gone) {
    EXPECT_EQ(Get(*one, path), "none");
    EXPECT_TRUE(Await([&] { return Get(*two, path) == "none"; }));
  }
  const uint64_t hits = two->Report().local_hits;
  EXPECT_EQ(Get(*two), "v");
  EXPECT_EQ(two->Report().local_hits, hits + 1);
}

TEST_F(RedisTierTest, ANewNamespaceThroughOneTierIsVisibleInAnother) {
  struct InNamespace {
    using value_type = std::string;
    Key<std::string> namespace_key() const {
      return Key<std::string>("namespace");
    }
    void AppendTo(KeyPath& path) const { path.Segment("item"); }
  };
  const auto one = OpenCoherent();
  const auto two = OpenCoherent();
  ASSERT_TRUE(one->Set(Key<std::string>("namespace"), "1").ok());
  ASSERT_TRUE(one->Set(InNamespace(), "value").ok());
  EXPECT_TRUE(Await([&] { return two->Get(InNamespace()).is_hit(); }));
  ASSERT_TRUE(one->Set(Key<std::string>("namespace"), "2").ok());
  EXPECT_TRUE(Await([&] { return !two->Get(InNamespace()).is_hit(); }));
}

// The server applies the write after the writer has timed out.
TEST_F(RedisTierTest, AWriteThatIsAppliedLateIsVisible) {
  ShortenTimeouts();
  const auto tier = OpenCoherent();
  server_.Run("SET pyappcache/k old");
  ASSERT_TRUE(IsLocal(*tier));
  server_.Freeze();
  EXPECT_TRUE(
      tier->backend()->SetRaw(kPath, "late", kNoTtl).Is(ErrorCode::kTimeout));
  EXPECT_NE(Get(*tier), "old");
  server_.Thaw();
  // The server runs the set, then the retry of the failed write: a delete.
  EXPECT_TRUE(Await([&] { return tier->coherent(); }));
  EXPECT_TRUE(
      Await([&] { return server_.Run("GET pyappcache/k") == "(nil)"; }));
  EXPECT_TRUE(Await([&] { return Get(*tier) == "none"; }));
}

TEST_F(RedisTierTest, AFrozenServerEndsTheLeaseAndReadsFail) {
  ShortenTimeouts();
  const auto tier = OpenCoherent();
  server_.Run("SET pyappcache/k old");
  ASSERT_TRUE(IsLocal(*tier));
  server_.Freeze();
  EXPECT_TRUE(Await([&] { return !tier->coherent(); }));
  EXPECT_EQ(Get(*tier), "error");
  server_.Thaw();
  EXPECT_TRUE(Await([&] { return Get(*tier) == "old"; }));
}

TEST_F(RedisTierTest, AFrozenServerDoesNotStopServeStale) {
  ShortenTimeouts();
  options_.lease.when_lost = WhenLost::kServeStale;
  const auto tier = OpenCoherent();
  server_.Run("SET pyappcache/k old");
  // True if the link lasted until the server froze. On a busy machine it may be
  // lost before, and the copies from before a new link are not served while the
  // remote answers.
  const auto attempt = [&] {
    EXPECT_TRUE(Await([&] { return tier->coherent(); }));
    AwaitInvalidations(*tier);
    const uint64_t links = tier->Report().links_made;
    EXPECT_TRUE(IsLocal(*tier));
    const uint64_t errors = tier->Report().remote_errors;
    server_.Freeze();
    EXPECT_TRUE(Await([&] {
      EXPECT_EQ(Get(*tier), "old");
      return tier->Report().coherence == Coherence::kLost;
    }));
    EXPECT_EQ(Get(*tier), "old");
    const TierReport report = tier->Report();
    server_.Thaw();
    if (report.links_made != links) return false;
    EXPECT_EQ(report.remote_errors, errors);
    EXPECT_GT(report.stale_hits, 0U);
    return true;
  };
  EXPECT_TRUE(Await(attempt));
  EXPECT_TRUE(Await([&] { return tier->coherent(); }));
}

TEST_F(RedisTierTest, AfterARestartOfTheServerTheTierIsEmptyAndCoherent) {
  const auto tier = OpenCoherent();
  server_.Run("SET pyappcache/k old");
  ASSERT_TRUE(IsLocal(*tier));
  server_.Kill();
  EXPECT_TRUE(Await([&] { return !tier->coherent(); }));
  server_.Start();
  EXPECT_TRUE(Await([&] { return tier->coherent(); }));
  EXPECT_TRUE(Await([&] { return Get(*tier) == "none"; }));
}

TEST_F(RedisTierTest, TheLongestTtlOfTheServerIsAccepted) {
  const auto tier = OpenCoherent();
  EXPECT_EQ(server_.Run("SET pyappcache/k v PX 9200000000000000000"), "OK");
  EXPECT_TRUE(IsLocal(*tier));
}

void Follow(RedisServer& replica, int port) {
  replica.Run("REPLICAOF 127.0.0.1 " + std::to_string(port));
  EXPECT_TRUE(Await([&] {
    return replica.Run("INFO replication").find("master_link_status:up") !=
           std::string::npos;
  }));
}

// A replica notifies of a change when it applies it, which may be long after
// the primary has.
TEST_F(RedisTierTest, ALaggingReplicaNotifiesWhenItAppliesTheChange) {
  RedisServer primary;
  CutProxy replication(primary.socket_path());
  Follow(server_, replication.port());
  const auto tier = OpenCoherent();
  primary.Run("SET pyappcache/k old");
  EXPECT_TRUE(Await([&] { return Get(*tier) == "old"; }));
  replication.Hold();
  primary.Run("SET pyappcache/k new");
  ASSERT_TRUE(IsLocal(*tier));
  EXPECT_EQ(Get(*tier), "old");
  replication.Release();
  EXPECT_TRUE(Await([&] { return Get(*tier) == "new"; }));
  ASSERT_TRUE(IsLocal(*tier));
  EXPECT_EQ(Get(*tier), "new");
}

TEST_F(RedisTierTest, AReplicaThatTakesOverAtANewAddressIsFollowed) {
  CutProxy proxy(server_.socket_path());
  RedisServer replica;
  Follow(replica, server_.port());
  const auto tier = OpenCoherent(proxy.port());
  server_.Run("SET pyappcache/k old");
  ASSERT_TRUE(IsLocal(*tier));
  EXPECT_TRUE(Await([&] { return replica.Run("GET pyappcache/k") == "old"; }));
  proxy.LeadTo(replica.socket_path());
  server_.Kill();
  replica.Run("REPLICAOF NO ONE");
  replica.Run("SET pyappcache/k new");
  EXPECT_TRUE(Await([&] { return Get(*tier) == "new"; }));
  EXPECT_TRUE(Await([&] { return tier->coherent(); }));
  replica.Run("SET pyappcache/k newer");
  EXPECT_TRUE(Await([&] { return Get(*tier) == "newer"; }));
}

// The old server and the pool's connections to it stay alive.
TEST_F(RedisTierTest, AfterANewLinkReadsUseTheServerThatNotifies) {
  CutProxy proxy(server_.socket_path());
  RedisServer other;
  other.Run("SET pyappcache/k new");
  server_.Run("SET pyappcache/k old");
  const auto tier = OpenCoherent(proxy.port());
  EXPECT_EQ(Get(*tier), "old");
  proxy.LeadTo(other.socket_path());
  // Kills the connection of the watch and none of the pool.
  server_.Run("CLIENT KILL TYPE pubsub");
  EXPECT_TRUE(Await([&] { return tier->Report().links_made == 2; }));
  EXPECT_EQ(Get(*tier), "new");
}

class RefusedTierTest : public RedisTierTest {
 protected:
  // Connects as a user without the permissions `refused`.
  void Refuse(const std::string& refused) {
    user_ = "app";
    server_.Run("ACL SETUSER app on >secret ~* &* +@all " + refused);
  }
};

TEST_F(RefusedTierTest, WithoutTrackingTheTiersNotifyEachOther) {
  Refuse("-client");
  const auto one = OpenCoherent();
  const auto two = OpenCoherent();
  EXPECT_EQ(one->Report().coherence, Coherence::kAnnounced);
  ASSERT_TRUE(one->backend()->SetRaw(kPath, "old", kNoTtl).ok());
  ASSERT_TRUE(IsLocal(*two));
  ASSERT_TRUE(one->backend()->SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_TRUE(Await([&] { return Get(*two) == "new"; }));
  ASSERT_TRUE(IsLocal(*two));
  ASSERT_TRUE(one->backend()->ClearRaw().ok());
  EXPECT_TRUE(Await([&] { return Get(*two) == "none"; }));
}

TEST_F(RefusedTierTest, WithoutNotificationsCopiesExpireSoon) {
  Refuse("-client -subscribe");
  options_.untracked_ttl = milliseconds(100);
  const auto tier = Open();
  EXPECT_TRUE(
      Await([&] { return tier->Report().coherence == Coherence::kUntracked; }));
  EXPECT_FALSE(tier->coherent());
  ASSERT_TRUE(tier->backend()->SetRaw(kPath, "old", kNoTtl).ok());
  ASSERT_TRUE(IsLocal(*tier));
  server_.Run("SET pyappcache/k new");
  EXPECT_TRUE(Await([&] { return Get(*tier) == "new"; }));
}

}  // namespace
}  // namespace appcache::redis_tier_test
