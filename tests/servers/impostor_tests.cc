// The tests of ServerFailureTest with a fake server.

#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/servers/call_times.h"
#include "tests/servers/failure_tests.h"
#include "tests/servers/impostor.h"
#include "tests/servers/results.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kImpostorTimeout{100};

// A fake server, and the options of its clients.
struct FakeServer {
  explicit FakeServer(milliseconds timeout = ClientOptions().timeout) {
    options.unix_path = directory.path() + "/server";
    options.timeout = timeout;
  }

  const TempDir directory{nullptr};
  ClientOptions options;
};

}  // namespace

TEST_P(ServerFailureTest, InvalidReplyIsAnErrorAndNeverAValue) {
  const FakeServer fake;
  const Impostor impostor(fake.options.unix_path);
  const auto cache = Open(fake.options);
  for (const auto& [reply, words] : GetParam().invalid_replies) {
    const std::jthread once = impostor.Answer(reply);
    const Lookup<Bytes> found = cache->backend()->GetRaw("a");
    EXPECT_FALSE(found.is_hit()) << reply;
    ExpectError(found.status(), ErrorCode::kUnavailable, words);
  }
}

// Each byte arrives in time, but the value never does.
TEST_P(ServerFailureTest, SlowReplyDoesNotExtendTheTimeout) {
  const FakeServer fake(kImpostorTimeout);
  const Impostor impostor(fake.options.unix_path);
  const auto cache = Open(fake.options);
  ExpectTimesOut(kImpostorTimeout, [&] {
    const std::jthread once = impostor.Dribble(GetParam().partial_reply);
    return cache->backend()->GetRaw("a").status();
  });
}

// The call is retried, as after a restart, before the same deadline.
TEST_P(ServerFailureTest, RetryHasTheRemainingTime) {
  const FakeServer fake(kImpostorTimeout);
  const auto cache = Open(fake.options);
  bool is_retried = false;
  const auto call = [&] {
    const Impostor impostor(fake.options.unix_path);
    const std::jthread once =
        impostor.Stall(GetParam().miss_reply, kImpostorTimeout * 6 / 10);
    const Lookup<Bytes> first = cache->backend()->GetRaw("a");
    EXPECT_FALSE(first.is_hit());
    // The reply is sent at once, but a busy machine may deliver it late.
    if (first.has_error()) return first.status();
    is_retried = true;
    return cache->backend()->GetRaw("a").status();
  };
  const auto until = std::chrono::steady_clock::now() + kCallPatience;
  do {
    ExpectTimesOut(kImpostorTimeout, call);
  } while (!is_retried && std::chrono::steady_clock::now() < until);
  EXPECT_TRUE(is_retried);
}

// Bytes after the reply would be taken for the reply to the next request.
TEST_P(ServerFailureTest, ExtraReplyIsDiscarded) {
  const FakeServer fake;
  const Impostor impostor(fake.options.unix_path);
  const auto cache = Open(fake.options);
  const std::string extra =
      GetParam().miss_reply + GetParam().hit_reply("not for this request");
  {
    const std::jthread once = impostor.Answer(extra);
    EXPECT_EQ(ValueAt(*cache->backend(), "a"), "<miss>");
  }
  const std::string reply = GetParam().hit_reply("y");
  const std::jthread once = impostor.Answer(reply);
  EXPECT_EQ(ValueAt(*cache->backend(), "a"), "y");
}

// The connection has been returned by then.
TEST_P(ServerFailureTest, ExtraReplyThatComesLateIsDiscarded) {
  const FakeServer fake;
  const Impostor impostor(fake.options.unix_path);
  const auto cache = Open(fake.options);
  const std::string miss = GetParam().miss_reply;
  const std::string extra = GetParam().hit_reply("not for this request");
  std::latch is_due(1);
  std::latch was_sent(1);
  const std::jthread first =
      impostor.AnswerTwice(miss, is_due, extra, was_sent);
  EXPECT_EQ(ValueAt(*cache->backend(), "a"), "<miss>");
  is_due.count_down();
  was_sent.wait();
  const std::string reply = GetParam().hit_reply("y");
  const std::jthread second = impostor.Answer(reply);
  EXPECT_EQ(ValueAt(*cache->backend(), "a"), "y");
  // The second connection ends the thread that waits for it.
  if (HasFailure()) (void)ValueAt(*Open(fake.options)->backend(), "a");
}

}  // namespace appcache
