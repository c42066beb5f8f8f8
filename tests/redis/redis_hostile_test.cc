// RedisCache and its watch on a server that sends replies without end, very
// slowly, or of any size.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/watch.h"
#include "tests/redis/redis_kind.h"
#include "tests/servers/call_times.h"
#include "tests/servers/hostile_server.h"
#include "tests/servers/hostile_tests.h"
#include "tests/support/await.h"
#include "tests/support/peak_memory.h"

namespace appcache::redis_hostile_test {
namespace {

using std::chrono::milliseconds;
using Pace = Attack::Pace;

const std::string kFlood(size_t{64} << 10, 'x');
const std::string kMessage =
    "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n";

std::vector<HostileCase> Attacks() {
  std::vector<HostileCase> all = CommonAttacks();
  const std::string large = "$100000\r\n" + std::string(100'000, 'x') + "\r\n";
  all.insert(
      all.end(),
      {{{"EndlessLine", "+", kFlood}},
       {{"EndlessError", "-ERR ", kFlood}},
       {{"HugeTtl", ":9223372036854775807\r\n", "", Pace::kOnce}},
       {{"MostNegativeTtl", ":-9223372036854775808\r\n", "", Pace::kOnce}},
       {{"EndlessNumber", ":", std::string(1000, '1')}},
       {{"HugeString", "$2147483647\r\n", kFlood}, ErrorCode::kTooLarge},
       {{"EndlessArray", "*2147483647\r\n", ":1\r\n"}, ErrorCode::kTimeout},
       {{"EndlessStrings", "*2147483647\r\n", large}, ErrorCode::kTooLarge},
       {{"DeepNesting", "", "*1\r\n"}},
       {{"WideNesting", "", "*2147483647\r\n*0\r\n*0\r\n"}},
       {{"SlowString", "$100000\r\n", "x", Pace::kDrip}, ErrorCode::kTimeout},
       {{"SlowLine", "+", "x", Pace::kDrip}, ErrorCode::kTimeout},
       {{"SlowArray", "*1000000\r\n", ":1\r\n", Pace::kDrip},
        ErrorCode::kTimeout},
       {{"PushedMessages", "", kMessage}},
       {{"PushedResp3Messages", "", ">2\r\n$10\r\ninvalidate\r\n*0\r\n"}}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Redis, ServerHostileTest,
                         testing::Combine(testing::Values(RedisKind()),
                                          testing::ValuesIn(Attacks())),
                         NameOfKindAndAttack);

// --- The link of a watch.

constexpr milliseconds kPingTimeout{200};

// The handshake of a watch, up to its first ping.
const std::vector<std::string> kHandshake = {
    "+PONG\r\n:1\r\n",
    "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n"};

// Waits for the loss of a link that was up, whatever the number of messages.
class LossListener final : public WatchListener {
 public:
  void OnLinked(WatchMode) noexcept override { was_linked_ = true; }
  void OnChanged(std::span<const std::string_view>) noexcept override {}
  void OnAllChanged() noexcept override {}
  void OnHeartbeat(TimePoint) noexcept override { had_heartbeat_ = true; }
  void OnLost(const Status& why) noexcept override {
    // The handshake may time out, too, on a busy machine.
    if (!was_linked_ || has_lost_.exchange(true)) return;
    why_ = why;
    lost_.count_down();
  }

  std::latch& lost() { return lost_; }
  bool was_linked() const { return was_linked_; }
  bool had_heartbeat() const { return had_heartbeat_; }
  // REQUIRES: it is lost.
  const Status& why() const { return why_; }

 private:
  std::atomic<bool> was_linked_{false};
  std::atomic<bool> had_heartbeat_{false};
  std::atomic<bool> has_lost_{false};
  Status why_;  // of the first loss
  std::latch lost_{1};
};

class WatchHostileTest : public testing::TestWithParam<HostileCase> {
 protected:
  static WatchOptions Options() {
    WatchOptions options;
    options.ping_timeout = kPingTimeout;
    // On a busy machine the handshake may time out.
    options.min_retry = options.max_retry = milliseconds(1);
    return options;
  }
  static std::unique_ptr<Cache> OpenOn(const HostileServer& server) {
    ClientOptions options;
    options.unix_path = server.socket_path();
    options.timeout = kPingTimeout;
    return *RedisKind().open(options);
  }
};

INSTANTIATE_TEST_SUITE_P(Redis, WatchHostileTest, testing::ValuesIn([] {
                           std::vector<HostileCase> all = Attacks();
                           all.push_back({{"NoPong", "", kMessage}});
                           return all;
                         }()),
                         [](const auto& info) {
                           return info.param.attack.name;
                         });

// An attack instead of a pong.
TEST_P(WatchHostileTest, LinkIsLostInTimeAndWithinTheMessageLimit) {
  // The largest message, and what it may take besides.
  constexpr uint64_t kMaxBytes = uint64_t{64 + 100} << 20;
  // Messages that keep arriving may delay the pong.
  const milliseconds most = 2 * kPingTimeout;
  const HostileServer server(GetParam().attack, kHandshake);
  const auto cache = OpenOn(server);
  const PeakMemory memory;
  ExpectInTime(most, [&] {
    LossListener listener;
    auto watch = *cache->backend()->WatchRaw(Options(), listener);
    listener.lost().wait();
    watch.reset();
    EXPECT_TRUE(listener.was_linked());
    EXPECT_FALSE(listener.had_heartbeat());
    EXPECT_LT(listener.why().ToString().size(), 400u);
    // An option that does not apply to watches.
    EXPECT_EQ(listener.why().ToString().find("max_reply_bytes"),
              std::string::npos);
  });
  EXPECT_LT(memory.GrownBytes(), kMaxBytes);
}

// An attack while the link is being made.
TEST_P(WatchHostileTest, WatchThatCannotBeMadeEndsAtOnce) {
  const HostileServer server(GetParam().attack);
  const auto cache = OpenOn(server);
  LossListener listener;
  std::unique_ptr<Watch> watch;
  const auto begin = [&] {
    watch = *cache->backend()->WatchRaw(Options(), listener);
    ASSERT_TRUE(Await([&] {
      return server.sent_bytes() > 0 || GetParam().attack.pace != Pace::kFlood;
    }));
  };
  ExpectInTime(kPingTimeout, begin, [&] { watch.reset(); });
  EXPECT_FALSE(listener.was_linked());
}

}  // namespace
}  // namespace appcache::redis_hostile_test
