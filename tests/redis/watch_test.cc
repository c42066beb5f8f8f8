// The notifications of a watch of a RedisCache, in either mode.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "tests/redis/watch_fixture.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/redis_server.h"

namespace appcache::watch_test {
namespace {

using std::chrono::milliseconds;

Names Sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(recorder_.Notifications(), Names{"<tracking>"});
    EXPECT_TRUE(cache_->Traits().supports_watch);
  }

  // The notifications that a command causes.
  Names NotificationsOf(std::initializer_list<std::string_view> command) {
    server_.Run(command);
    return recorder_.Notifications();
  }

  // However slow the machine, a script delays pings but does not fail them.
  RedisServer server_{{"--busy-reply-threshold", "0"}};
  std::unique_ptr<RedisCache> cache_ = OpenCache(server_);
  WatchRecorder recorder_;
  std::unique_ptr<Watch> watch_ = Begin(*cache_, recorder_, Often("p/"));
};

TEST_F(WatchTest, EveryKindOfChangeIsNotified) {
  EXPECT_EQ(NotificationsOf({"SET", "p/a", "1"}), Names{"p/a"});
  EXPECT_EQ(NotificationsOf({"SET", "p/a", "1"}), Names{"p/a"});
  EXPECT_EQ(NotificationsOf({"APPEND", "p/a", "2"}), Names{"p/a"});
  EXPECT_EQ(NotificationsOf({"PEXPIRE", "p/a", "1000000"}), Names{"p/a"});
  EXPECT_EQ(Sorted(NotificationsOf({"RENAME", "p/a", "p/b"})),
            (Names{"p/a", "p/b"}));
  EXPECT_EQ(NotificationsOf({"DEL", "p/b"}), Names{"p/b"});
  EXPECT_EQ(Sorted(NotificationsOf({"MSET", "p/a", "1", "p/b", "2"})),
            (Names{"p/a", "p/b"}));
}

TEST_F(WatchTest, CommandsWithoutAnEffectAreNotNotified) {
  EXPECT_EQ(NotificationsOf({"DEL", "p/none"}), Names{});
  EXPECT_EQ(NotificationsOf({"GET", "p/none"}), Names{});
  EXPECT_EQ(NotificationsOf({"SET", "q/a", "1"}), Names{});
  EXPECT_EQ(NotificationsOf({"SET", "p", "1"}), Names{});
}

TEST_F(WatchTest, ExpiryIsNotified) {
  EXPECT_TRUE(
      cache_->backend()->SetRaw("p/a", "v", milliseconds(1'000'000)).ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"p/a"});
  server_.PassTime(milliseconds(1'000'001));
  EXPECT_EQ(recorder_.Notifications(), Names{"p/a"});

  // An entry that expires by itself is notified when it is set and when it has
  // expired.
  EXPECT_TRUE(cache_->backend()->SetRaw("p/b", "v", milliseconds(1)).ok());
  const auto is_b = [](const auto& event) { return event.path == "p/b"; };
  const size_t set = recorder_.AwaitMatch(is_b);
  recorder_.AwaitMatch(is_b, set + 1);
}

TEST_F(WatchTest, ClearIsNotifiedAsAChangeOfAll) {
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"<all>"});
  EXPECT_EQ(NotificationsOf({"FLUSHALL"}), Names{"<all>"});
}

TEST_F(WatchTest, ChangesInOtherDatabasesAreNotified) {
  server_.Run("SELECT 5");
  EXPECT_EQ(NotificationsOf({"SET", "p/a", "1"}), Names{"p/a"});
}

TEST_F(WatchTest, WritesOfThisProcessAreNotified) {
  EXPECT_TRUE(cache_->backend()->SetRaw("p/a", "v", kNoTtl).ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"p/a"});
  EXPECT_TRUE(cache_->backend()->InvalidateRaw("p/a").ok());
  EXPECT_EQ(recorder_.Notifications(), Names{"p/a"});
}

TEST_F(WatchTest, PathsMayContainAnyBytes) {
  for (const std::string& path :
       {std::string("p/"), std::string("p/\r\n$5\r\n\0*-1\xff", 14),
        "p/" + std::string(100'000, 'x')}) {
    EXPECT_TRUE(cache_->backend()->SetRaw(path, "v", kNoTtl).ok());
    EXPECT_EQ(recorder_.Notifications(), Names{path});
  }
}

TEST_F(WatchTest, LargeMessageIsNotifiedInCallsOfBoundedSize) {
  constexpr size_t kPaths = 50'000;
  server_.Run({"EVAL",
               "for i = 1, ARGV[1] do redis.call('SET', 'p/' .. i, i) end", "0",
               std::to_string(kPaths)});
  Names paths = Sorted(recorder_.Notifications());
  EXPECT_EQ(paths.size(), kPaths);
  EXPECT_EQ(std::unique(paths.begin(), paths.end()), paths.end());
  EXPECT_LE(recorder_.largest_call(), 4096u);
}

// The memory of a message is bounded.
TEST_F(WatchTest, MessageOfTooManyKeysIsAChangeOfAll) {
  server_.Run({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"});
  server_.Run({"EVAL",
               "for i = 1, ARGV[1] do redis.call('SET', 'p/' .. i, i) end", "0",
               "300000"});
  EXPECT_EQ(recorder_.Notifications(), Names{"<all>"});
}

TEST_F(WatchTest, UnknownMessageIsAChangeOfAll) {
  EXPECT_EQ(NotificationsOf({"PUBLISH", "__redis__:invalidate", "boo"}),
            Names{"<all>"});
}

TEST_F(WatchTest, AnnounceSendsNothingWithTracking) {
  const std::string_view path = "p/a";
  EXPECT_TRUE(watch_->Announce({&path, 1}).ok());
  EXPECT_TRUE(watch_->AnnounceAll().ok());
  EXPECT_EQ(server_.Run("INFO commandstats").find("cmdstat_publish"),
            std::string::npos);
}

TEST_F(WatchTest, WithoutAPrefixAllKeysAreNotified) {
  WatchRecorder all;
  const auto watch = Begin(*cache_, all);
  EXPECT_EQ(all.Notifications(), Names{"<tracking>"});
  server_.Run("SET q/a 1");
  EXPECT_EQ(all.Notifications(), Names{"q/a"});
  server_.Run({"SET", "", "1"});
  EXPECT_EQ(all.Notifications(), Names{""});
}

TEST(WatchOptionsTest, OptionOutOfRangeIsNamed) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  const auto expect_invalid = [&](auto change, const std::string& words) {
    WatchOptions options;
    change(options);
    const Status status =
        cache->backend()->WatchRaw(options, recorder).status();
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
    EXPECT_NE(status.ToString().find(words), std::string::npos)
        << status.ToString();
  };
  expect_invalid([](auto& o) { o.ping_interval = milliseconds(0); },
                 "ping_interval is 0 ms; it must be from 1 ms to an hour");
  expect_invalid([](auto& o) { o.ping_timeout = milliseconds(-1); },
                 "ping_timeout is -1 ms");
  expect_invalid([](auto& o) { o.min_retry = milliseconds(0); },
                 "min_retry is 0 ms");
  expect_invalid([](auto& o) { o.max_retry = milliseconds(3'600'001); },
                 "max_retry is 3600001 ms");
  expect_invalid(
      [](auto& o) { o.min_retry = milliseconds(2001); },
      "min_retry is 2001 ms; it must be at most max_retry, which is 2000 ms");
}

// On a server that does not have CLIENT, like one before Redis 6 or a proxy.
class AnnouncedWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(recorder_.Notifications(), Names{"<announced>"});
    EXPECT_EQ(other_recorder_.Notifications(), Names{"<announced>"});
  }

  void ExpectBothNotified(const Names& expected) {
    EXPECT_EQ(recorder_.Notifications(), expected);
    EXPECT_EQ(other_recorder_.Notifications(), expected);
  }

  static Status Announce(Watch& watch, const Names& paths) {
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    return watch.Announce(views);
  }

  RedisServer server_{{"--rename-command", "CLIENT", ""}};
  std::unique_ptr<RedisCache> cache_ = OpenCache(server_);
  std::unique_ptr<RedisCache> other_cache_ = OpenCache(server_);
  WatchRecorder recorder_;
  WatchRecorder other_recorder_;
  std::unique_ptr<Watch> watch_ = Begin(*cache_, recorder_, Often("p/"));
  std::unique_ptr<Watch> other_ =
      Begin(*other_cache_, other_recorder_, Often("p/"));
};

TEST_F(AnnouncedWatchTest, AnnouncementReachesAllWatches) {
  EXPECT_TRUE(Announce(*watch_, {"p/a"}).ok());
  ExpectBothNotified({"p/a"});
  const std::string odd("p/\0,3:\r\n\xff", 10);
  EXPECT_TRUE(Announce(*other_, {"p/b", odd, "p/"}).ok());
  ExpectBothNotified({"p/b", odd, "p/"});
  EXPECT_TRUE(watch_->AnnounceAll().ok());
  ExpectBothNotified({"<all>"});
  EXPECT_TRUE(Announce(*watch_, {}).ok());
  ExpectBothNotified({});
}

TEST_F(AnnouncedWatchTest, AnyNumberOfPathsIsAnnounced) {
  Names paths;
  for (int i = 0; i < 3000; ++i) paths.push_back("p/" + std::to_string(i));
  paths.push_back("p/" + std::string(1'000'000, 'x'));
  EXPECT_TRUE(Announce(*watch_, paths).ok());
  ExpectBothNotified(paths);
}

TEST_F(AnnouncedWatchTest, InvalidAnnouncementIsAChangeOfAll) {
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "p/a"});
  ExpectBothNotified({"<all>"});
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:p/a,4:p/a"});
  ExpectBothNotified({"<all>"});
}

TEST_F(AnnouncedWatchTest, AnnouncementsOfOtherProgramsAreFilteredByThePrefix) {
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:p/a,3:q/a,0:,"});
  ExpectBothNotified({"p/a"});
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:q/a,"});
  ExpectBothNotified({});
}

TEST_F(AnnouncedWatchTest, OtherDatabaseHasAChannelOfItsOwn) {
  RedisCacheOptions options;
  options.database = 1;
  const auto elsewhere = OpenCache(server_, options);
  WatchRecorder recorder;
  const auto watch = Begin(*elsewhere, recorder, Often("p/"));
  EXPECT_EQ(recorder.Notifications(), Names{"<announced>"});
  EXPECT_TRUE(Announce(*watch, {"p/a"}).ok());
  EXPECT_EQ(recorder.Notifications(), Names{"p/a"});
  EXPECT_TRUE(Announce(*watch_, {"p/b"}).ok());
  ExpectBothNotified({"p/b"});
  EXPECT_EQ(recorder.Notifications(), Names{});
}

}  // namespace
}  // namespace appcache::watch_test
