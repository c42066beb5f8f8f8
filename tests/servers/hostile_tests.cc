#include "tests/servers/hostile_tests.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/servers/call_times.h"
#include "tests/servers/results.h"
#include "tests/support/peak_memory.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{200};
constexpr uint64_t kMaxReplyBytes = uint64_t{1} << 20;
// Of the elements of a reply, and of a sanitizer for what was freed. A flood
// has several times as many bytes.
constexpr uint64_t kOverheadBytes = uint64_t{100} << 20;

const std::vector<std::string_view> kPaths = {"a", "b"};
const std::vector<RawEntry> kEntries = {{"a", "v"}, {"b", "v"}};

constexpr auto kVisitAll = [](const WalkedEntry&) { return true; };

using Operation = std::function<Status(Backend&)>;

const std::pair<const char*, Operation> kOperations[] = {
    {"get", [](auto& b) { return b.GetRaw("a").status(); }},
    {"get many", [](auto& b) { return b.GetManyRaw(kPaths)[1].status(); }},
    {"timed get", [](auto& b) { return b.GetTimedRaw("a").status(); }},
    {"ttl", [](auto& b) { return b.TtlRaw("a").status(); }},
    {"set", [](auto& b) { return b.SetRaw("a", "v", kNoTtl); }},
    {"set many", [](auto& b) { return b.SetManyRaw(kEntries); }},
    {"add", [](auto& b) { return b.AddRaw("a", "v", kNoTtl).status(); }},
    {"invalidate", [](auto& b) { return b.InvalidateRaw("a"); }},
    {"clear", [](auto& b) { return b.ClearRaw(); }},
    {"set ttl", [](auto& b) { return b.SetTtlRaw("a", Ttl(1)).status(); }},
    {"walk", [](auto& b) { return b.WalkRaw({}, kVisitAll); }},
    {"walk with values",
     [](auto& b) {
       return b.WalkRaw({"", true}, kVisitAll);
     }},
    {"ping", [](auto& b) { return b.Ping().status(); }},
};

std::unique_ptr<Cache> OpenOn(const ServerKind& kind,
                              const HostileServer& server) {
  ClientOptions options;
  options.unix_path = server.socket_path();
  options.timeout = kTimeout;
  options.max_reply_bytes = kMaxReplyBytes;
  return *kind.open(options);
}

}  // namespace

std::vector<HostileCase> CommonAttacks() {
  const std::string bytes = "\x16\x03\x01\x02\xff\x80";
  return {
      {{.name = "Garbage", .beginning = bytes, .repeated = bytes + "\r\n"}},
      {{.name = "Nothing", .beginning = "", .pace = Attack::Pace::kDrip},
       ErrorCode::kTimeout},
      {{.name = "EarlyClose", .beginning = "", .pace = Attack::Pace::kOnce}},
  };
}

TEST_P(ServerHostileTest, EveryCallReturnsInTimeAndWithinTheReplyLimit) {
  const auto& [kind, hostile] = GetParam();
  const HostileServer server(hostile.attack);
  const auto cache = OpenOn(kind, server);
  const PeakMemory memory;
  const bool is_idle = hostile.attack.pace == Attack::Pace::kDrip;
  std::vector<std::jthread> threads;
  for (const auto& [name, operation] : kOperations) {
    const auto check = [&cache, name = name, call = operation] {
      SCOPED_TRACE(name);
      ExpectInTime(kTimeout, [&] { (void)call(*cache->backend()).ok(); });
    };
    // At the same time if they only wait, to save time.
    if (is_idle) {
      threads.emplace_back(check);
    } else {
      check();
    }
  }
  threads.clear();
  EXPECT_LT(memory.GrownBytes(), kMaxReplyBytes + kOverheadBytes);
}

TEST_P(ServerHostileTest, GetReportsWhatIsWrong) {
  const auto& [kind, hostile] = GetParam();
  const HostileServer server(hostile.attack);
  const Status status = OpenOn(kind, server)->backend()->GetRaw("a").status();
  EXPECT_TRUE(status.Is(hostile.error)) << status.ToString();
  EXPECT_LT(status.ToString().size(), 400u);
}

}  // namespace appcache
