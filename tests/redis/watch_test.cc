// What a watch of a RedisCache tells of, in either mode.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "tests/redis/watch_fixture.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

Names Sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(recorder_.News(), Names{"<tracking>"});
    EXPECT_TRUE(cache_->Traits().tells_changes);
  }

  // What is told of a command.
  Names NewsOf(std::initializer_list<std::string_view> command) {
    server_.Run(command);
    return recorder_.News();
  }

  // However slow the machine: a script may run, and pings wait meanwhile.
  RedisServer server_{{"--busy-reply-threshold", "0"}};
  std::unique_ptr<RedisCache> cache_ = OpenCache(server_);
  WatchRecorder recorder_;
  std::unique_ptr<Watch> watch_ = Begin(*cache_, recorder_, Often("p/"));
};

TEST_F(WatchTest, EveryKindOfChangeIsTold) {
  EXPECT_EQ(NewsOf({"SET", "p/a", "1"}), Names{"p/a"});
  EXPECT_EQ(NewsOf({"SET", "p/a", "1"}), Names{"p/a"});
  EXPECT_EQ(NewsOf({"APPEND", "p/a", "2"}), Names{"p/a"});
  EXPECT_EQ(NewsOf({"PEXPIRE", "p/a", "1000000"}), Names{"p/a"});
  EXPECT_EQ(Sorted(NewsOf({"RENAME", "p/a", "p/b"})), (Names{"p/a", "p/b"}));
  EXPECT_EQ(NewsOf({"DEL", "p/b"}), Names{"p/b"});
  EXPECT_EQ(Sorted(NewsOf({"MSET", "p/a", "1", "p/b", "2"})),
            (Names{"p/a", "p/b"}));
}

TEST_F(WatchTest, NothingIsToldOfWhatChangesNothing) {
  EXPECT_EQ(NewsOf({"DEL", "p/none"}), Names{});
  EXPECT_EQ(NewsOf({"GET", "p/none"}), Names{});
  EXPECT_EQ(NewsOf({"SET", "q/a", "1"}), Names{});
  EXPECT_EQ(NewsOf({"SET", "p", "1"}), Names{});
}

TEST_F(WatchTest, TheEndOfATtlIsTold) {
  EXPECT_TRUE(cache_->SetRaw("p/a", "v", milliseconds(1'000'000)).ok());
  EXPECT_EQ(recorder_.News(), Names{"p/a"});
  server_.PassTime(milliseconds(1'000'001));
  EXPECT_EQ(recorder_.News(), Names{"p/a"});

  // In its own time: told once when it is set, and again when it has ended.
  EXPECT_TRUE(cache_->SetRaw("p/b", "v", milliseconds(1)).ok());
  const auto is_b = [](const auto& event) { return event.path == "p/b"; };
  const size_t set = recorder_.AwaitThat(is_b);
  recorder_.AwaitThat(is_b, set + 1);
}

TEST_F(WatchTest, AClearIsToldOfAsAChangeOfAll) {
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(recorder_.News(), Names{"<all>"});
  EXPECT_EQ(NewsOf({"FLUSHALL"}), Names{"<all>"});
}

TEST_F(WatchTest, OtherDatabasesAreToldOfAsThisOne) {
  server_.Run("SELECT 5");
  EXPECT_EQ(NewsOf({"SET", "p/a", "1"}), Names{"p/a"});
}

TEST_F(WatchTest, WritesOfThisProcessAreToldToo) {
  EXPECT_TRUE(cache_->SetRaw("p/a", "v", kNoTtl).ok());
  EXPECT_EQ(recorder_.News(), Names{"p/a"});
  EXPECT_TRUE(cache_->InvalidateRaw("p/a").ok());
  EXPECT_EQ(recorder_.News(), Names{"p/a"});
}

TEST_F(WatchTest, PathsAreAnyBytes) {
  for (const std::string& path :
       {std::string("p/"), std::string("p/\r\n$5\r\n\0*-1\xff", 14),
        "p/" + std::string(100'000, 'x')}) {
    EXPECT_TRUE(cache_->SetRaw(path, "v", kNoTtl).ok());
    EXPECT_EQ(recorder_.News(), Names{path});
  }
}

TEST_F(WatchTest, ManyAtOnceAreToldInCallsOfBoundedSize) {
  constexpr size_t kPaths = 50'000;
  server_.Run({"EVAL",
               "for i = 1, ARGV[1] do redis.call('SET', 'p/' .. i, i) end", "0",
               std::to_string(kPaths)});
  Names news = Sorted(recorder_.News());
  EXPECT_EQ(news.size(), kPaths);
  EXPECT_EQ(std::unique(news.begin(), news.end()), news.end());
  EXPECT_LE(recorder_.largest_call(), 4096u);
}

// More than memory is to be spent on.
TEST_F(WatchTest, TooManyAtOnceAreAChangeOfAll) {
  server_.Run({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"});
  server_.Run({"EVAL",
               "for i = 1, ARGV[1] do redis.call('SET', 'p/' .. i, i) end", "0",
               "300000"});
  EXPECT_EQ(recorder_.News(), Names{"<all>"});
}

TEST_F(WatchTest, AStrangersMessageIsAChangeOfAll) {
  EXPECT_EQ(NewsOf({"PUBLISH", "__redis__:invalidate", "boo"}), Names{"<all>"});
}

TEST_F(WatchTest, AnnouncingCostsNothingWhereTheServerTells) {
  const std::string_view path = "p/a";
  EXPECT_TRUE(watch_->Announce({&path, 1}).ok());
  EXPECT_TRUE(watch_->AnnounceAll().ok());
  EXPECT_EQ(server_.Run("INFO commandstats").find("cmdstat_publish"),
            std::string::npos);
}

TEST_F(WatchTest, WithoutAPrefixAllIsTold) {
  WatchRecorder all;
  const auto watch = Begin(*cache_, all);
  EXPECT_EQ(all.News(), Names{"<tracking>"});
  server_.Run("SET q/a 1");
  EXPECT_EQ(all.News(), Names{"q/a"});
  server_.Run({"SET", "", "1"});
  EXPECT_EQ(all.News(), Names{""});
}

TEST(WatchOptionsTest, OutOfRangeAreAnInvalidArgumentThatSaysWhich) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  const auto refused = [&](auto change, const std::string& words) {
    WatchOptions options;
    change(options);
    const Status status = cache->WatchRaw(options, recorder).status();
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
    EXPECT_NE(status.ToString().find(words), std::string::npos)
        << status.ToString();
  };
  refused([](auto& o) { o.ping_interval = milliseconds(0); },
          "ping_interval is 0 ms; it must be from 1 ms to an hour");
  refused([](auto& o) { o.ping_timeout = milliseconds(-1); },
          "ping_timeout is -1 ms");
  refused([](auto& o) { o.min_retry = milliseconds(0); }, "min_retry is 0 ms");
  refused([](auto& o) { o.max_retry = milliseconds(3'600'001); },
          "max_retry is 3600001 ms");
  refused([](auto& o) { o.min_retry = milliseconds(2001); },
          "above max_retry, which is 2000 ms");
}

// A server that does not know CLIENT: one of before Redis 6, or a proxy.
class AnnouncedWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(recorder_.News(), Names{"<announced>"});
    EXPECT_EQ(other_recorder_.News(), Names{"<announced>"});
  }

  void ExpectBothHear(const Names& news) {
    EXPECT_EQ(recorder_.News(), news);
    EXPECT_EQ(other_recorder_.News(), news);
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

TEST_F(AnnouncedWatchTest, AllHearWhatOneAnnounces) {
  EXPECT_TRUE(Announce(*watch_, {"p/a"}).ok());
  ExpectBothHear({"p/a"});
  const std::string odd("p/\0,3:\r\n\xff", 10);
  EXPECT_TRUE(Announce(*other_, {"p/b", odd, "p/"}).ok());
  ExpectBothHear({"p/b", odd, "p/"});
  EXPECT_TRUE(watch_->AnnounceAll().ok());
  ExpectBothHear({"<all>"});
  EXPECT_TRUE(Announce(*watch_, {}).ok());
  ExpectBothHear({});
}

TEST_F(AnnouncedWatchTest, AsManyPathsAsOneLikes) {
  Names paths;
  for (int i = 0; i < 3000; ++i) paths.push_back("p/" + std::to_string(i));
  paths.push_back("p/" + std::string(1'000'000, 'x'));
  EXPECT_TRUE(Announce(*watch_, paths).ok());
  ExpectBothHear(paths);
}

TEST_F(AnnouncedWatchTest, WhatCannotBeReadIsAChangeOfAll) {
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "p/a"});
  ExpectBothHear({"<all>"});
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:p/a,4:p/a"});
  ExpectBothHear({"<all>"});
}

TEST_F(AnnouncedWatchTest, OthersMayAnnounceTooAndOnlyThePrefixIsTold) {
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:p/a,3:q/a,0:,"});
  ExpectBothHear({"p/a"});
  server_.Run({"PUBLISH", "appcache:changed:0:p/", "3:q/a,"});
  ExpectBothHear({});
}

TEST_F(AnnouncedWatchTest, OtherDatabasesAndPrefixesHaveChannelsOfTheirOwn) {
  RedisCacheOptions options;
  options.database = 1;
  const auto elsewhere = OpenCache(server_, options);
  WatchRecorder recorder;
  const auto watch = Begin(*elsewhere, recorder, Often("p/"));
  EXPECT_EQ(recorder.News(), Names{"<announced>"});
  EXPECT_TRUE(Announce(*watch, {"p/a"}).ok());
  EXPECT_EQ(recorder.News(), Names{"p/a"});
  EXPECT_TRUE(Announce(*watch_, {"p/b"}).ok());
  ExpectBothHear({"p/b"});
  EXPECT_EQ(recorder.News(), Names{});
}

}  // namespace
}  // namespace appcache
