// MemcacheCache on several servers, of which some are down or hang.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/servers/call_times.h"
#include "tests/servers/full_port.h"
#include "tests/servers/memcached_server.h"

namespace appcache::memcache_servers_test {
namespace {

using std::chrono::milliseconds;

MemcacheServer Tcp(std::string host, uint16_t port, uint32_t weight = 1) {
  return {std::move(host), port, "", weight};
}

// Repeats `attempt`, which a busy machine may let fail, until it succeeds.
template <class Attempt>
bool InTime(const Attempt& attempt) {
  const auto until = std::chrono::steady_clock::now() + kCallPatience;
  while (!attempt()) {
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

class ThreeServersTest : public testing::Test {
 protected:
  ThreeServersTest() {
    cache_ = Open(std::chrono::seconds(60));
    backend_ = cache_->backend();
    for (int i = 0; i < 100; ++i) paths_.push_back("path" + std::to_string(i));
    views_.assign(paths_.begin(), paths_.end());
    for (const std::string_view path : views_) entries_.push_back({path, path});
  }

  std::unique_ptr<MemcacheCache> Open(milliseconds timeout) const {
    MemcacheCacheOptions options;
    options.servers.clear();
    for (const MemcachedServer& server : servers_) {
      options.servers.emplace_back().unix_path = server.socket_path();
    }
    options.timeout = options.connect_timeout = timeout;
    return *MemcacheCache::Open(options);
  }

  // Every server answers, in time or after a few attempts.
  void ExpectAllHit(MemcacheCache& cache) {
    const Status status = UntilInTime([&] {
      Status last;
      for (const Lookup<Bytes>& found : cache.backend()->GetManyRaw(views_)) {
        EXPECT_TRUE(found.is_hit() || found.has_error());
        if (found.has_error()) last = found.status();
      }
      return last;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  // The number of the paths that `server` has.
  size_t CountOn(MemcachedServer& server) {
    size_t count = 0;
    for (const std::string& path : paths_) {
      if (server.Run("get " + path) != "END") ++count;
    }
    return count;
  }

  std::array<MemcachedServer, 3> servers_;
  std::unique_ptr<MemcacheCache> cache_;
  std::shared_ptr<Backend> backend_;
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  std::vector<RawEntry> entries_;
};

TEST_F(ThreeServersTest, BatchFindsKeysOnAllServers) {
  ASSERT_TRUE(backend_->SetManyRaw(entries_).ok());
  size_t all = 0;
  for (MemcachedServer& server : servers_) {
    const size_t count = CountOn(server);
    EXPECT_GT(count, 10u);
    all += count;
  }
  EXPECT_EQ(all, paths_.size());
  const auto found = backend_->GetManyRaw(views_);
  for (size_t i = 0; i < paths_.size(); ++i) {
    ASSERT_TRUE(found[i].is_hit());
    EXPECT_EQ(found[i]->view(), paths_[i]);
  }
  const auto timed = backend_->GetManyTimedRaw(views_);
  for (size_t i = 0; i < paths_.size(); ++i) {
    ASSERT_TRUE(timed[i].is_hit());
    EXPECT_EQ(timed[i]->value.view(), paths_[i]);
  }
  ASSERT_TRUE(backend_->InvalidateManyRaw(views_).ok());
  for (MemcachedServer& server : servers_) EXPECT_EQ(CountOn(server), 0u);
}

TEST_F(ThreeServersTest, ClearAndPingReachAllServers) {
  ASSERT_TRUE(backend_->SetManyRaw(entries_).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  for (MemcachedServer& server : servers_) EXPECT_EQ(CountOn(server), 0u);
  EXPECT_TRUE(cache_->Ping()->starts_with("memcached 1."));
  EXPECT_EQ(cache_->Ping()->find(','), std::string::npos);
  servers_[1].Kill();
  EXPECT_EQ(cache_->Ping().error().code, ErrorCode::kUnavailable);
  // The other servers are cleared all the same.
  ASSERT_FALSE(backend_->SetManyRaw(entries_).ok());
  EXPECT_TRUE(cache_->Clear().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(CountOn(servers_[0]), 0u);
  EXPECT_EQ(CountOn(servers_[2]), 0u);
}

TEST_F(ThreeServersTest, ServerThatIsDownFailsItsOwnKeysOnly) {
  ASSERT_TRUE(backend_->SetManyRaw(entries_).ok());
  const size_t lost = CountOn(servers_[1]);
  servers_[1].Kill();
  const auto found = backend_->GetManyRaw(views_);
  size_t failed = 0;
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (found[i].has_error()) ++failed;
    if (found[i]) {
      EXPECT_EQ(found[i]->view(), paths_[i]);
    }
  }
  EXPECT_EQ(failed, lost);
  for (const Lookup<TimedBytes>& timed : backend_->GetManyTimedRaw(views_)) {
    if (timed.has_error()) --failed;
  }
  EXPECT_EQ(failed, 0u);
  const Status status = backend_->SetManyRaw(entries_);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find(servers_[1].socket_path()),
            std::string::npos);
  EXPECT_EQ(CountOn(servers_[0]) + CountOn(servers_[2]), paths_.size() - lost);
  servers_[1].Start();
  EXPECT_TRUE(backend_->SetManyRaw(entries_).ok());
}

// The replies of the third server arrive long before the timeout, unless the
// machine is busy.
TEST_F(ThreeServersTest, ServersThatHangFailTheirOwnKeysAfterOneTimeout) {
  constexpr milliseconds kTimeout{500};
  ASSERT_TRUE(backend_->SetManyRaw(entries_).ok());
  const size_t lost = CountOn(servers_[0]) + CountOn(servers_[1]);
  const auto cache = Open(kTimeout);
  servers_[0].Freeze();
  servers_[1].Freeze();
  size_t failed = 0;
  const auto get_all = [&] {
    failed = 0;
    Status last;
    for (const Lookup<Bytes>& lookup : cache->backend()->GetManyRaw(views_)) {
      if (!lookup.has_error()) continue;
      ++failed;
      last = lookup.status();
      EXPECT_TRUE(last.Is(ErrorCode::kTimeout)) << last.ToString();
    }
    EXPECT_GE(failed, lost);
    return last;
  };
  ExpectTimesOut(kTimeout, get_all);
  EXPECT_TRUE(InTime([&] {
    (void)get_all();
    return failed == lost;
  }));
  servers_[0].Thaw();
  servers_[1].Thaw();
  ExpectAllHit(*cache);
}

// The cache asks all servers whether they know base64 keys, and needs the
// answers of those that have such a key. The server that answers has a third of
// the timeout for each of the three steps.
TEST_F(ThreeServersTest, ServersThatHangLeaveTimeForBase64KeysOfOthers) {
  for (size_t i = 0; i < paths_.size(); i += 2) paths_[i].insert(0, "a ");
  views_.assign(paths_.begin(), paths_.end());
  for (size_t i = 0; i < paths_.size(); ++i) entries_[i].path = paths_[i];
  const auto writer = Open(std::chrono::seconds(60));
  ASSERT_TRUE(writer->backend()->SetManyRaw(entries_).ok());
  const auto on_third = static_cast<size_t>(servers_[2].Stat("curr_items"));
  servers_[0].Freeze();
  servers_[1].Freeze();
  std::unique_ptr<MemcacheCache> cache;
  size_t base64_hits = 0;
  EXPECT_TRUE(InTime([&] {
    cache = Open(milliseconds(4500));  // has asked no server yet
    size_t hits = 0;
    base64_hits = 0;
    const auto found = cache->backend()->GetManyRaw(views_);
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i].is_hit()) {
        ++hits;
        if (i % 2 == 0) ++base64_hits;
      } else {
        EXPECT_TRUE(found[i].status().Is(ErrorCode::kTimeout))
            << found[i].status().ToString();
      }
    }
    EXPECT_LE(hits, on_third);
    return hits == on_third;
  }));
  EXPECT_GT(base64_hits, 5u);
  servers_[0].Thaw();
  servers_[1].Thaw();
  ExpectAllHit(*cache);
}

TEST(MemcacheUnreachableTest, UnreachableServersLeaveTimeForOthers) {
  const FullPort one;
  const FullPort other;
  const MemcachedServer server;
  MemcacheCacheOptions options;
  options.servers = {Tcp("127.0.0.1", one.number()),
                     Tcp("127.0.0.1", other.number()),
                     {.unix_path = server.socket_path()}};
  // A third of it is for the server that answers.
  options.timeout = options.connect_timeout = milliseconds(3000);
  const auto cache = *MemcacheCache::Open(options);
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) paths.push_back(std::to_string(i));
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  EXPECT_TRUE(InTime([&] {
    size_t misses = 0;
    size_t unreachable = 0;
    for (const Lookup<Bytes>& found : cache->backend()->GetManyRaw(views)) {
      if (!found.has_error()) {
        ++misses;
        continue;
      }
      EXPECT_EQ(found.error().code, ErrorCode::kTimeout);
      if (found.error().message.find("cannot reach") != std::string::npos) {
        ++unreachable;
      }
    }
    return misses > 10 && misses + unreachable == views.size();
  }));
}

}  // namespace
}  // namespace appcache::memcache_servers_test
