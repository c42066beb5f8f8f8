// Paths that need base64 keys, on servers and proxies that do not have them or
// do not answer.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/memcache/wire_key.h"
#include "appcache/memcache_cache.h"
#include "tests/memcache/scripted_memcached.h"
#include "tests/servers/call_times.h"
#include "tests/servers/results.h"

namespace appcache::memcache_old_server_test {
namespace {

using Replies = ScriptedMemcached::Replies;

std::unique_ptr<MemcacheCache> OpenOn(
    const ScriptedMemcached& server,
    std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
  MemcacheCacheOptions options;
  options.servers[0].unix_path = server.socket_path();
  options.timeout = options.connect_timeout = timeout;
  return *MemcacheCache::Open(options);
}

// The replies of a server that knows the commands of the text protocol only.
Replies TextOnly(const std::string& version) {
  return {{"version", "VERSION " + version + "\r\n"},
          {"get", "END\r\n"},
          {"set", "STORED\r\n"},
          {"add", "STORED\r\n"},
          {"delete", "NOT_FOUND\r\n"},
          {"touch", "TOUCHED\r\n"}};
}

Replies WithMeta(const std::string& version) {
  Replies replies = TextOnly(version);
  replies["mn"] = "MN\r\n";
  replies["mg"] = "EN\r\n";
  return replies;
}

TEST(MemcacheOldServerTest, PathIsHashedIfTheVersionHasNoBase64Keys) {
  for (const char* const version :
       {"1.5.22", "1.6.9", "1.6", "1.5.99", "0.5.0", "mcrouter 42", "", "1.6.x",
        "99999999999999999999.1.1", "-1.6.18"}) {
    ScriptedMemcached server(WithMeta(version));
    const auto cache = OpenOn(server);
    EXPECT_EQ(ValueAt(*cache->backend(), "a b"), "<miss>") << version;
    EXPECT_EQ(server.Words(), "version get") << version;
    EXPECT_EQ(server.Commands()[1],
              "get appcache-hash:1:e932d71afddc92588044f8a624582c4c");
  }
}

TEST(MemcacheOldServerTest, PathIsSentInBase64IfTheVersionHasThem) {
  for (const char* const version : {"1.6.10", "1.6.18", "1.6.100", "1.7.0",
                                    "1.10.1", "2.0.0", "1.6.18-x"}) {
    ScriptedMemcached server(WithMeta(version));
    const auto cache = OpenOn(server);
    EXPECT_EQ(ValueAt(*cache->backend(), "a b"), "<miss>") << version;
    EXPECT_EQ(server.Words(), "version mn mg") << version;
    EXPECT_TRUE(server.Commands()[2].starts_with("mg YSBi b O")) << version;
  }
}

// A proxy may report the version of the servers behind it.
TEST(MemcacheOldServerTest, PathIsHashedIfTheServerHasNoMetaCommands) {
  ScriptedMemcached server(TextOnly("1.6.18"));
  const auto cache = OpenOn(server);
  EXPECT_EQ(ValueAt(*cache->backend(), "a b"), "<miss>");
  EXPECT_EQ(server.Words(), "version mn get");
}

TEST(MemcacheOldServerTest, PathIsHashedIfTheServerHasNoVersionCommand) {
  ScriptedMemcached server(Replies{{"get", "END\r\n"}});
  const auto cache = OpenOn(server);
  EXPECT_EQ(ValueAt(*cache->backend(), "a b"), "<miss>");
  EXPECT_EQ(server.Words(), "version get");
}

TEST(MemcacheOldServerTest, ServerIsAskedOnce) {
  for (const Replies& replies : {TextOnly("1.5.22"), WithMeta("1.6.18")}) {
    ScriptedMemcached server(replies);
    const auto cache = OpenOn(server);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ValueAt(*cache->backend(), "a b"), "<miss>");
    }
    const std::string words = server.Words();
    EXPECT_EQ(words.find("version"), words.rfind("version")) << words;
  }
}

// Most programs have no such path.
TEST(MemcacheOldServerTest, ServerIsNotAskedForOtherPaths) {
  ScriptedMemcached server(WithMeta("1.6.18"));
  const auto cache = OpenOn(server);
  const std::string long_path(300, 'k');
  EXPECT_EQ(ValueAt(*cache->backend(), "k"), "<miss>");
  EXPECT_EQ(ValueAt(*cache->backend(), long_path), "<miss>");
  EXPECT_TRUE(cache->backend()->SetRaw(long_path, "v", kNoTtl).ok());
  EXPECT_EQ(server.Words(), "get get set");
}

// A server without the command would read the value as commands.
TEST(MemcacheOldServerTest, NoValueIsSentWithACommandThatIsNotKnown) {
  for (const Replies& replies : {TextOnly("1.5.22"), TextOnly("1.6.18")}) {
    ScriptedMemcached server(replies);
    const auto cache = OpenOn(server);
    Backend& backend = *cache->backend();
    const std::string value = "flush_all\r\nflush_all\r\n";
    EXPECT_TRUE(backend.SetRaw("a b", value, kNoTtl).ok());
    EXPECT_TRUE(*backend.AddRaw("a c", value, kNoTtl));
    const std::vector<RawEntry> entries = {{"a d", value}, {"e", value}};
    EXPECT_TRUE(backend.SetManyRaw(entries).ok());
    EXPECT_EQ(server.Words().find("flush_all"), std::string::npos);
    EXPECT_EQ(server.Words().find("ms"), std::string::npos);
  }
}

// Otherwise the call would not reach what other programs have stored.
TEST(MemcacheOldServerTest, NoAnswerIsAnErrorAndTheServerIsAskedAgain) {
  ScriptedMemcached server(Replies{{"version", ""}});
  const auto cache = OpenOn(server);
  Backend& backend = *cache->backend();
  const std::string_view paths[] = {"a b", "c"};
  EXPECT_EQ(backend.GetRaw("a b").error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(backend.SetRaw("a b", "v", kNoTtl).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(backend.InvalidateRaw("a b").Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(
      backend.AddRaw("a b", "v", kNoTtl).status().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(backend.TtlRaw("a b").error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(
      backend.SetTtlRaw("a b", kNoTtl).status().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(server.Words().find("get"), std::string::npos) << server.Words();

  server.SetReplies(WithMeta("1.6.18"));
  for (const Lookup<Bytes>& found : backend.GetManyRaw(paths)) {
    EXPECT_EQ(ValueOf(found), "<miss>");
  }
  const std::string words = server.Words();
  EXPECT_EQ(words.substr(words.size() - 17), "version mn mg get");
}

// Only the keys that need the answer fail.
TEST(MemcacheOldServerTest, OtherPathsOfABatchDoNotNeedTheAnswer) {
  Replies replies = TextOnly("1.6.18");
  replies["version"] = "SERVER_ERROR overloaded\r\n";
  ScriptedMemcached server(replies);
  const auto cache = OpenOn(server);
  const std::string_view paths[] = {"a b", "c"};
  const auto found = cache->backend()->GetManyRaw(paths);
  EXPECT_EQ(found[0].error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ValueOf(found[1]), "<miss>");
  const std::vector<RawEntry> entries = {{"a b", "v"}, {"c", "v"}};
  EXPECT_TRUE(
      cache->backend()->SetManyRaw(entries).Is(ErrorCode::kUnavailable));
  EXPECT_EQ(cache->backend()->Stats().sets, 1u);
}

TEST(MemcacheOldServerTest, ServerThatRefusesACommandIsAskedAgain) {
  ScriptedMemcached server(WithMeta("1.6.18"));
  const auto cache = OpenOn(server);
  Backend& backend = *cache->backend();
  EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
  server.SetReplies(TextOnly("1.5.22"));
  EXPECT_EQ(backend.GetRaw("a b").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
  EXPECT_EQ(server.Words(), "version mn mg mg version get");
}

// An older server would read the value as commands.
TEST(MemcacheOldServerTest, OlderServerAtTheSameAddressIsSentNoValueInBase64) {
  using Write = Status (*)(Backend&, std::string_view);
  const Write writes[] = {
      [](Backend& backend, std::string_view value) {
        return backend.SetRaw("a b", value, kNoTtl);
      },
      [](Backend& backend, std::string_view value) {
        return backend.AddRaw("a b", value, kNoTtl).status();
      },
      [](Backend& backend, std::string_view value) {
        const std::vector<RawEntry> entries = {{"a b", value}, {"c", value}};
        return backend.SetManyRaw(entries);
      }};
  for (const Replies& older :
       {TextOnly("1.5.22"), TextOnly("1.6.18"), WithMeta("1.6.9")}) {
    for (const Write write : writes) {
      ScriptedMemcached server(WithMeta("1.6.18"));
      const auto cache = OpenOn(server);
      Backend& backend = *cache->backend();
      EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
      server.Restart(older);
      const std::string value = "flush_all\r\nflush_all\r\n";
      ExpectError(write(backend, value), ErrorCode::kUnsupported,
                  "does not know");
      // The path is hashed now.
      const Status written = write(backend, value);
      EXPECT_TRUE(written.ok()) << written.ToString();
      const std::string words = server.Words();
      EXPECT_EQ(words.find("ms"), std::string::npos) << words;
      EXPECT_EQ(words.find("flush_all"), std::string::npos) << words;
    }
  }
}

// A key that the text protocol carries needs no question.
TEST(MemcacheOldServerTest, EachConnectionIsAskedOnceBeforeTheFirstBase64Key) {
  ScriptedMemcached server(WithMeta("1.6.18"));
  const auto cache = OpenOn(server);
  Backend& backend = *cache->backend();
  EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
  server.Restart(WithMeta("1.6.18"));
  for (const char* const path : {"k", "a b", "k", "c d"}) {
    EXPECT_EQ(ValueAt(backend, path), "<miss>");
  }
  EXPECT_EQ(server.Words(), "version mn mg get version mn mg get mg");
}

TEST(MemcacheOldServerTest, NoKeyIsSentInBase64AfterAnyOtherAnswer) {
  const std::pair<std::string, std::string> answers[] = {
      {"version", "SERVER_ERROR x\r\n"},
      {"version", "MN\r\n"},
      {"version", "VALUE a 0 1\r\nx\r\nEND\r\n"},
      {"version", "VERSION 1.6.18\n"},
      {"mn", "SERVER_ERROR x\r\n"},
      {"mn", "VERSION 1.6.18\r\n"},
      {"mn", "MN\r\nHD\r\n"}};
  for (const auto& [command, answer] : answers) {
    ScriptedMemcached server(WithMeta("1.6.18"));
    const auto cache = OpenOn(server);
    Backend& backend = *cache->backend();
    EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
    Replies replies = WithMeta("1.6.18");
    replies["ms"] = "HD\r\n";
    replies[command] = answer;
    server.Restart(replies);
    const Status set = backend.SetRaw("a b", "v", kNoTtl);
    EXPECT_TRUE(set.Is(ErrorCode::kUnavailable)) << answer << set.ToString();
    const std::string words = server.Words();
    EXPECT_EQ(words.find("ms"), std::string::npos) << words;
  }
}

// Some proxies do that after a command that they do not know.
TEST(MemcacheOldServerTest, ServerThatClosesTheConnectionIsAskedAgain) {
  ScriptedMemcached server(WithMeta("1.6.18"));
  const auto cache = OpenOn(server);
  Backend& backend = *cache->backend();
  EXPECT_EQ(ValueAt(backend, "a b"), "<miss>");
  server.Restart(Replies{{"version", ""}});
  EXPECT_TRUE(backend.SetRaw("a b", "v", kNoTtl).Is(ErrorCode::kUnavailable));
  server.SetReplies(TextOnly("1.5.22"));
  const Status set = backend.SetRaw("a b", "v", kNoTtl);
  EXPECT_TRUE(set.ok()) << set.ToString();
  EXPECT_EQ(server.Words(), "version mn mg version version version set");
}

TEST(MemcacheOldServerTest, TheTimeoutOfACallIncludesTheQuestion) {
  constexpr std::chrono::milliseconds kTimeout(100);
  ScriptedMemcached server(WithMeta("1.6.18"));
  const auto cache = OpenOn(server, kTimeout);
  Backend& backend = *cache->backend();
  const Status got =
      UntilInTime([&] { return backend.GetRaw("a b").status(); });
  EXPECT_TRUE(got.ok()) << got.ToString();
  Replies replies = WithMeta("1.6.18");
  replies["mn"] = "MN";  // without the end of the line
  server.Restart(replies);
  ExpectTimesOut(kTimeout, [&] { return backend.SetRaw("a b", "v", kNoTtl); });
  const std::string words = server.Words();
  EXPECT_EQ(words.find("ms"), std::string::npos) << words;
}

// The token says which key a reply belongs to.
TEST(MemcacheOldServerTest, ReplyToAnotherKeyIsInvalid) {
  const std::string other =
      "O" + memcache::WireKey(std::string_view("other key")).Token();
  for (const std::string& reply :
       {std::string("VA 1 f0\r\nx\r\n"), "VA 1 " + other + " f0\r\nx\r\n",
        "EN " + other + "\r\n", "HD " + other + "\r\n",
        std::string("VALUE a 0 1\r\nx\r\nEND\r\n"), std::string("END\r\n"),
        std::string("VA 1 kYSBi b f0\r\nx\r\n")}) {
    Replies replies = WithMeta("1.6.18");
    replies["mg"] = replies["ms"] = replies["md"] = reply;
    ScriptedMemcached server(replies);
    const auto cache = OpenOn(server);
    Backend& backend = *cache->backend();
    const std::string words = "sent an invalid protocol reply";
    ExpectError(backend.GetRaw("a b").status(), ErrorCode::kUnavailable, words);
    ExpectError(backend.GetTimedRaw("a b").status(), ErrorCode::kUnavailable,
                words);
    ExpectError(backend.TtlRaw("a b").status(), ErrorCode::kUnavailable, words);
    ExpectError(backend.SetRaw("a b", "v", kNoTtl), ErrorCode::kUnavailable,
                words);
    ExpectError(backend.InvalidateRaw("a b"), ErrorCode::kUnavailable, words);
    ExpectError(backend.AddRaw("a b", "v", kNoTtl).status(),
                ErrorCode::kUnavailable, words);
    ExpectError(backend.SetTtlRaw("a b", kNoTtl).status(),
                ErrorCode::kUnavailable, words);
  }
}

// Of another command, of a key that was not asked for, or of no protocol.
TEST(MemcacheNewTtlServerTest, HostileReplyIsInvalid) {
  for (const std::string& reply :
       {std::string("STORED\r\n"), std::string("TOUCHED k\r\n"),
        std::string("TOUCHED\n"), std::string("DELETED\r\n"),
        std::string("VALUE k 0 1\r\nx\r\nEND\r\n"), std::string("HD\r\n"),
        std::string("EN\r\n"), std::string("END\r\n")}) {
    Replies replies = WithMeta("1.6.18");
    replies["touch"] = replies["get"] = reply;
    ScriptedMemcached server(replies);
    const auto cache = OpenOn(server);
    ExpectError(cache->backend()->SetTtlRaw("k", kNoTtl).status(),
                ErrorCode::kUnavailable, "sent an invalid protocol reply");
  }
}

// Servers before memcached 1.4.8 and some proxies. A get and a set instead
// would change a value of another client.
TEST(MemcacheNewTtlServerTest, ServerWithoutTouchIsUnsupported) {
  Replies replies = WithMeta("1.6.18");
  replies.erase("touch");
  replies["get"] = "VALUE k 0 1\r\nx\r\nEND\r\n";
  ScriptedMemcached server(replies);
  const auto cache = OpenOn(server);
  ExpectError(cache->backend()->SetTtlRaw("k", kNoTtl).status(),
              ErrorCode::kUnsupported, "does not know the command");
  EXPECT_EQ(server.Words(), "touch");
  EXPECT_EQ(ValueAt(*cache->backend(), "k"), "x");
}

TEST(MemcacheNewTtlServerTest, ExptimeIsRoundedAsThatOfASet) {
  ScriptedMemcached server(TextOnly("1.6.18"));
  const auto cache = OpenOn(server);
  for (const Ttl ttl : {Ttl(1), Ttl(90'061), kNoTtl, kMaxTtl}) {
    EXPECT_TRUE(*cache->backend()->SetTtlRaw("k", ttl));
  }
  EXPECT_EQ(server.Commands(),
            (std::vector<std::string>{"touch k 2", "touch k 92", "touch k 0",
                                      "touch k 0"}));
}

TEST(MemcacheNewTtlServerTest, ServerWithoutBase64KeysTouchesTheHash) {
  const std::string hash(memcache::WireKey(std::string_view("a b")).view());
  const std::string item = "apk1\3" + std::string(3, '\0') + "a bvalue";
  Replies replies = TextOnly("1.5.22");
  replies["get"] = "VALUE " + hash + " 0 " + std::to_string(item.size()) +
                   "\r\n" + item + "\r\nEND\r\n";
  ScriptedMemcached server(replies);
  const auto cache = OpenOn(server);
  EXPECT_TRUE(*cache->backend()->SetTtlRaw("a b", kNoTtl));
  EXPECT_EQ(server.Words(), "version get touch");
  EXPECT_EQ(server.Commands()[2], "touch " + hash + " 0");
  // The item was removed between the get and the touch.
  replies["touch"] = "NOT_FOUND\r\n";
  server.SetReplies(replies);
  EXPECT_FALSE(*cache->backend()->SetTtlRaw("a b", kNoTtl));
  // The server fails between them.
  replies["touch"] = "SERVER_ERROR x\r\n";
  server.SetReplies(replies);
  ExpectError(cache->backend()->SetTtlRaw("a b", kNoTtl).status(),
              ErrorCode::kUnavailable, "SERVER_ERROR");
}

}  // namespace
}  // namespace appcache::memcache_old_server_test
