#include "tests/servers/failure_tests.h"

#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/servers/call_times.h"
#include "tests/servers/dropping_proxy.h"
#include "tests/servers/results.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// Tests wait this long where the server hangs.
constexpr milliseconds kTimeout{100};

const std::vector<std::string_view> kPaths = {"a", "b"};
const std::vector<RawEntry> kEntries = {{"a", "v"}, {"b", "v"}};

using Operation = std::function<Status(Backend&)>;

// Every operation that is retried, except those that not all backends support.
const std::pair<const char*, Operation> kRetried[] = {
    {"get", [](auto& b) { return b.GetRaw("a").status(); }},
    {"set", [](auto& b) { return b.SetRaw("b", "v", kNoTtl); }},
    {"invalidate", [](auto& b) { return b.InvalidateRaw("a"); }},
    {"get many", [](auto& b) { return b.GetManyRaw(kPaths)[1].status(); }},
    {"set many", [](auto& b) { return b.SetManyRaw(kEntries); }},
    {"invalidate many", [](auto& b) { return b.InvalidateManyRaw(kPaths); }},
    {"ttl", [](auto& b) { return b.TtlRaw("a").status(); }},
    {"timed get", [](auto& b) { return b.GetTimedRaw("a").status(); }},
    {"timed get many",
     [](auto& b) { return b.GetManyTimedRaw(kPaths)[0].status(); }},
    {"ping", [](auto& b) { return b.Ping().status(); }},
    {"clear", [](auto& b) { return b.ClearRaw(); }},
    {"set ttl", [](auto& b) { return b.SetTtlRaw("a", kNoTtl).status(); }},
};

void Restart(TestServer& server) {
  server.Kill();
  server.Start();
}

}  // namespace

TEST_P(ServerFailureTest, OptionOutOfRangeIsNamed) {
  const auto expect_invalid = [&](auto change, const std::string& words) {
    ClientOptions options;
    options.unix_path = "/nowhere";
    change(options);
    ExpectError(GetParam().open(options).status(), ErrorCode::kInvalidArgument,
                words);
  };
  expect_invalid([](auto& o) { o.timeout = milliseconds(0); },
                 "timeout is 0 ms; it must be from 1 ms to a day");
  expect_invalid([](auto& o) { o.timeout = std::chrono::hours(25); },
                 "timeout is 90000000 ms");
  expect_invalid([](auto& o) { o.max_connections = 0; },
                 "max_connections is 0; it must be from 1 to 10,000");
  expect_invalid([](auto& o) { o.max_connections = 10'001; },
                 "max_connections is 10001");
}

TEST_P(ServerFailureTest, DownServerIsUnavailableUntilItStarts) {
  const auto server = GetParam().start_on_socket();
  server->Kill();
  const auto cache = OpenOn(*server);
  Backend& backend = *cache->backend();
  for (int i = 0; i < 3; ++i) {
    ExpectError(backend.GetRaw("a").status(), ErrorCode::kUnavailable,
                "cannot connect to the " + GetParam().name + " server " +
                    server->socket_path());
  }
  EXPECT_TRUE(cache->Ping().status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(backend.SetRaw("a", "v", kNoTtl).Is(ErrorCode::kUnavailable));
  server->Start();
  // Immediately: the earlier failures leave no trace.
  EXPECT_EQ(ValueAt(backend, "a"), "<miss>");
}

TEST_P(ServerFailureTest, PortWithoutAServerIsUnavailable) {
  const auto server = GetParam().start_on_port();
  ClientOptions options;
  options.port = static_cast<uint16_t>(server->port());
  const auto cache = Open(options);
  EXPECT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(ValueAt(*cache->backend(), "a"), "v");
  server->Kill();
  ExpectError(
      cache->backend()->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
      "127.0.0.1:" + std::to_string(server->port()) + ": Connection refused");
}

TEST_P(ServerFailureTest, AddressThatCannotBeFoundIsUnavailable) {
  ClientOptions options;
  options.host = "no.such.host.invalid";
  options.port = 1;
  ExpectError(
      Open(options)->backend()->GetRaw("a").status(), ErrorCode::kUnavailable,
      "cannot find the " + GetParam().name + " server no.such.host.invalid");
  options.unix_path = std::string(200, 'x');
  ExpectError(Open(options)->backend()->GetRaw("a").status(),
              ErrorCode::kUnavailable, "at most 107 bytes");
}

// Each call finds an idle connection that the old server has closed.
TEST_P(ServerFailureTest, CallAfterARestartIsRetriedOnANewConnection) {
  const auto server = GetParam().start_on_socket();
  const auto cache = OpenOn(*server);
  Backend& backend = *cache->backend();
  for (const auto& [name, operation] : kRetried) {
    ASSERT_TRUE(backend.SetRaw("a", "v", kNoTtl).ok());
    Restart(*server);
    const Status status = operation(backend);
    EXPECT_TRUE(status.ok()) << name << ": " << status.ToString();
  }
}

// A retry could find the entry that the first attempt has added.
TEST_P(ServerFailureTest, AddIsNotRetried) {
  const auto server = GetParam().start_on_socket();
  const DroppingProxy proxy(server->socket_path(), /*drops=*/1);
  ClientOptions options;
  options.unix_path = proxy.socket_path();
  const auto cache = Open(options);
  Backend& backend = *cache->backend();
  ExpectError(backend.AddRaw("a", "v", kNoTtl).status(),
              ErrorCode::kUnavailable, "closed the connection");
  EXPECT_EQ(ValueAt(backend, "a"), "<miss>");
  EXPECT_TRUE(*backend.AddRaw("a", "v", kNoTtl));
}

// Nothing is sent on an idle connection that the server has closed.
TEST_P(ServerFailureTest, AddAfterARestartUsesANewConnection) {
  const auto server = GetParam().start_on_socket();
  const auto cache = OpenOn(*server);
  Backend& backend = *cache->backend();
  ASSERT_TRUE(backend.SetRaw("a", "v", kNoTtl).ok());
  Restart(*server);
  EXPECT_TRUE(*backend.AddRaw("a", "v", kNoTtl));
}

// The server, or a proxy in front of it, closes the first connection that a
// cache makes, once it has received the request.
TEST_P(ServerFailureTest, CallOnADroppedNewConnectionIsRetried) {
  const auto server = GetParam().start_on_socket();
  ASSERT_TRUE(OpenOn(*server)->backend()->SetRaw("a", "v", kNoTtl).ok());
  for (const auto& [name, operation] : kRetried) {
    const DroppingProxy proxy(server->socket_path(), /*drops=*/1);
    ClientOptions options;
    options.unix_path = proxy.socket_path();
    const Status status = operation(*Open(options)->backend());
    EXPECT_TRUE(status.ok()) << name << ": " << status.ToString();
  }
}

TEST_P(ServerFailureTest, CallIsRetriedOnce) {
  const auto server = GetParam().start_on_socket();
  for (const auto& [name, operation] : kRetried) {
    const DroppingProxy proxy(server->socket_path(), /*drops=*/2);
    ClientOptions options;
    options.unix_path = proxy.socket_path();
    const auto cache = Open(options);
    ExpectError(operation(*cache->backend()), ErrorCode::kUnavailable,
                "closed the connection");
    EXPECT_TRUE(operation(*cache->backend()).ok()) << name;
  }
}

// SIGPIPE has its default action here: it would end this test.
TEST_P(ServerFailureTest, LostConnectionRaisesNoSignal) {
  const auto server = GetParam().start_on_socket();
  const auto cache = OpenOn(*server);
  Backend& backend = *cache->backend();
  const std::string large(GetParam().large_value_bytes, 'x');
  ASSERT_TRUE(backend.SetRaw("a", large, kNoTtl).ok());
  server->Kill();
  EXPECT_TRUE(backend.SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(backend.SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
}

namespace {

// A cache with kTimeout on a server that a test freezes.
class Frozen {
 public:
  explicit Frozen(const ServerKind& kind)
      : server_(kind.start_on_socket()), cache_(OpenOn(kind, *server_)) {
    for (const std::string path : {"a", "b"}) {
      const Status status = UntilInTime(
          [&] { return backend().SetRaw(path, "value of " + path, kNoTtl); });
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    server_->Freeze();
  }
  void Thaw() { server_->Thaw(); }

  Backend& backend() { return *cache_->backend(); }

 private:
  static std::unique_ptr<Cache> OpenOn(const ServerKind& kind,
                                       const TestServer& server) {
    ClientOptions options;
    options.unix_path = server.socket_path();
    options.timeout = kTimeout;
    return *kind.open(options);
  }

  std::unique_ptr<TestServer> server_;
  std::unique_ptr<Cache> cache_;
};

std::atomic<int> signals{0};

}  // namespace

TEST_P(ServerFailureTest, EveryCallToAFrozenServerTimesOut) {
  const std::string large(1'000'000, 'x');
  Frozen frozen(GetParam());
  Backend& backend = frozen.backend();
  ExpectTimesOut(kTimeout, [&] { return backend.GetRaw("a").status(); });
  ExpectTimesOut(kTimeout, [&] { return backend.SetRaw("a", "v", kNoTtl); });
  ExpectTimesOut(kTimeout, [&] { return backend.SetRaw("a", large, kNoTtl); });
  ExpectTimesOut(kTimeout,
                 [&] { return backend.GetManyRaw(kPaths)[1].status(); });
  ExpectTimesOut(kTimeout, [&] { return backend.ClearRaw(); });
  frozen.Thaw();
}

TEST_P(ServerFailureTest, SignalDoesNotEndAWait) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { ++signals; };  // without SA_RESTART
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  const itimerval never = {};
  Frozen frozen(GetParam());
  signals = 0;
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  ASSERT_EQ(setitimer(ITIMER_REAL, &every_ms, nullptr), 0);
  ExpectTimesOut(kTimeout,
                 [&] { return frozen.backend().GetRaw("a").status(); });
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  EXPECT_GT(signals, 0);
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
  frozen.Thaw();
}

// The reply to the first call arrives after its timeout.
TEST_P(ServerFailureTest, LateReplyIsDiscarded) {
  Frozen frozen(GetParam());
  EXPECT_TRUE(frozen.backend().GetRaw("a").status().Is(ErrorCode::kTimeout));
  frozen.Thaw();
  for (const std::string path : {"b", "a"}) {
    Lookup<Bytes> found = Lookup<Bytes>::Miss();
    const Status status = UntilInTime([&] {
      found = frozen.backend().GetRaw(path);
      return found.status();
    });
    ASSERT_TRUE(found.is_hit()) << status.ToString();
    EXPECT_EQ(found->view(), "value of " + path);
  }
}

}  // namespace appcache
