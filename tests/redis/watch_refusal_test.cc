// A watch of a server that does not permit every command that it needs.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "appcache/redis_cache.h"
#include "tests/redis/watch_fixture.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/redis_server.h"
#include "tests/support/captured_log.h"

namespace appcache::watch_refusal_test {
namespace {

using Kind = WatchRecorder::Event::Kind;

class RefusedWatchTest : public testing::Test {
 protected:
  // Logs in as a user with all permissions, changed by `rules`.
  void OpenWith(const std::string& rules) {
    EXPECT_EQ(
        server_.Run("ACL SETUSER watcher reset on >pw ~* &* +@all " + rules),
        "OK");
    RedisCacheOptions options;
    options.cache = log_.options();
    options.user = "watcher";
    options.password = "pw";
    cache_ = OpenCache(server_, options);
  }

  static Status AnnounceOne(Watch& watch) {
    const std::string_view path = "a";
    return watch.Announce({&path, 1});
  }

  CapturedLog log_;
  RedisServer server_;
  std::unique_ptr<RedisCache> cache_;
  WatchRecorder recorder_;
};

TEST_F(RefusedWatchTest, WithoutTrackingItUsesAnnouncementsAndLogsThat) {
  for (const std::string rules : {"-client", "-client|tracking", "-client|id",
                                  "resetchannels &appcache:changed:*"}) {
    OpenWith(rules);
    WatchRecorder recorder;
    const auto watch = Begin(*cache_, recorder);
    EXPECT_EQ(recorder.Notifications(), Names{"<announced>"}) << rules;
    EXPECT_TRUE(AnnounceOne(*watch).ok());
    EXPECT_EQ(recorder.Notifications(), Names{"a"}) << rules;
    AwaitLine(log_, "watching for changes by announcements only: ");
    AwaitLine(log_,
              "+ping +client|id +client|tracking "
              "+subscribe &__redis__:invalidate");
  }
}

TEST_F(RefusedWatchTest, NextLinkUsesPermissionsGrantedLater) {
  OpenWith("-client");
  const auto watch = Begin(*cache_, recorder_);
  EXPECT_EQ(recorder_.Notifications(), Names{"<announced>"});
  EXPECT_EQ(server_.Run("ACL SETUSER watcher +client"), "OK");
  server_.Run("CLIENT KILL TYPE pubsub");
  recorder_.Await(Kind::kLinked, recorder_.Await(Kind::kLost));
  EXPECT_EQ(recorder_.Notifications(), (Names{"<lost>", "<tracking>"}));
}

TEST_F(RefusedWatchTest, WithNeitherItReportsARefusalAndItsRequirements) {
  OpenWith("-client -subscribe");
  WatchOptions options = Often();
  options.min_retry = options.max_retry = std::chrono::hours(1);
  auto watch = Begin(*cache_, recorder_, options);
  AwaitLine(log_, "watching for changes is not permitted: ");
  AwaitLine(log_, "refused CLIENT ID (NOPERM)");
  AwaitLine(log_, "refused SUBSCRIBE (NOPERM)");
  AwaitLine(log_, "+ping +subscribe +publish &appcache:changed:*");
  recorder_.Await(Kind::kLost);
  ExpectEndsAtOnce(std::move(watch));
  ASSERT_EQ(recorder_.size(), 1u);
  EXPECT_TRUE(recorder_.events()[0].why.Is(ErrorCode::kUnsupported));
  EXPECT_EQ(log_.lines().size(), 1u);
}

TEST_F(RefusedWatchTest, RefusedPublishIsAnError) {
  OpenWith("-client -publish");
  const auto watch = Begin(*cache_, recorder_);
  recorder_.Sync();
  for (const Status& status : {AnnounceOne(*watch), watch->AnnounceAll()}) {
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable));
    EXPECT_NE(status.ToString().find("refused PUBLISH (NOPERM)"),
              std::string::npos)
        << status.ToString();
  }
}

TEST_F(RefusedWatchTest, RefusedPublishIsNoErrorIfWatchingIsRefusedToo) {
  OpenWith("-client -subscribe -publish");
  const auto watch = Begin(*cache_, recorder_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(AnnounceOne(*watch).ok());
    EXPECT_TRUE(watch->AnnounceAll().ok());
  }
}

TEST_F(RefusedWatchTest, AnnouncementsCanBeDisabled) {
  OpenWith("-client");
  WatchOptions options = Often();
  options.allow_announced = false;
  const auto watch = Begin(*cache_, recorder_, options);
  AwaitLine(log_, "watching for changes is not permitted: ");
  EXPECT_TRUE(AnnounceOne(*watch).ok());
  EXPECT_EQ(server_.Run("INFO commandstats").find("cmdstat_publish"),
            std::string::npos);
}

// Other programs may depend on it.
TEST_F(RefusedWatchTest, ChangeBeforeTheFirstLinkIsAnnounced) {
  OpenWith("-client");
  const auto other = Begin(*cache_, recorder_);
  EXPECT_EQ(recorder_.Notifications(), Names{"<announced>"});
  EXPECT_EQ(server_.Run("ACL SETUSER watcher -subscribe"), "OK");
  WatchRecorder unlinked;
  const auto watch = Begin(*cache_, unlinked);
  EXPECT_TRUE(AnnounceOne(*watch).ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"a"});
}

// Without a link, the refusal is no error. Once there is one, other programs
// depend on announcements.
TEST_F(RefusedWatchTest, RefusedPublishIsAnErrorOnceThereIsALink) {
  OpenWith("-client -publish -subscribe");
  const auto watch = Begin(*cache_, recorder_);
  std::atomic<bool> is_over{false};
  // Announces also while the link is being made.
  std::thread early([&] {
    while (!is_over) (void)AnnounceOne(*watch).ok();
  });
  EXPECT_EQ(server_.Run("ACL SETUSER watcher +subscribe"), "OK");
  recorder_.Await(Kind::kLinked);
  is_over = true;
  early.join();
  EXPECT_FALSE(AnnounceOne(*watch).ok());
}

// Only the last attempt to make a link counts.
TEST_F(RefusedWatchTest, RefusedPublishIsNoErrorAfterPermissionsWereRevoked) {
  OpenWith("-client");
  const auto watch = Begin(*cache_, recorder_);
  EXPECT_EQ(recorder_.Notifications(), Names{"<announced>"});
  EXPECT_EQ(server_.Run("ACL SETUSER watcher -subscribe -publish"), "OK");
  server_.Run("CLIENT KILL TYPE pubsub");
  recorder_.Await(Kind::kLost, recorder_.Await(Kind::kLost) + 1);
  EXPECT_TRUE(AnnounceOne(*watch).ok());
}

// The next server may not support tracking, and other programs may depend on
// announcements there.
TEST_F(RefusedWatchTest, ChangeWhileTrackingIsLostIsAnnounced) {
  OpenWith("-client");
  const std::unique_ptr<RedisCache> others_cache = std::move(cache_);
  const auto other = Begin(*others_cache, recorder_);
  EXPECT_EQ(recorder_.Notifications(), Names{"<announced>"});
  EXPECT_EQ(server_.Run("ACL SETUSER tracker reset on >pw ~* &* +@all"), "OK");
  RedisCacheOptions options;
  options.user = "tracker";
  options.password = "pw";
  cache_ = OpenCache(server_, options);
  WatchRecorder tracking;
  const auto watch = Begin(*cache_, tracking);
  EXPECT_EQ(tracking.Notifications(), Names{"<tracking>"});
  EXPECT_EQ(server_.Run("ACL SETUSER tracker -client -subscribe"), "OK");
  server_.Run("CLIENT KILL USER tracker TYPE pubsub");
  tracking.Await(Kind::kLost);
  EXPECT_TRUE(AnnounceOne(*watch).ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"a"});
}

}  // namespace
}  // namespace appcache::watch_refusal_test
