// The errors for error replies, and what their messages may not contain.

#include "adapters/redis/server_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace appcache::redis::server_error_test {
namespace {

struct Case {
  std::string_view reply;
  ErrorCode code;
  std::string_view words;
};

TEST(ServerErrorTest, MessageSaysWhatToDo) {
  const Case cases[] = {
      {"LOADING Redis is loading the dataset in memory",
       ErrorCode::kUnavailable, "loading its data"},
      {"OOM command not allowed when used memory > 'maxmemory'.",
       ErrorCode::kFull, "maxmemory-policy"},
      {"READONLY You can't write against a read only replica.",
       ErrorCode::kUnavailable, "use the primary's address"},
      {"NOAUTH Authentication required.", ErrorCode::kUnavailable,
       "set user and password"},
      {"WRONGTYPE Operation against a key holding the wrong kind of value",
       ErrorCode::kCorrupt, "does not hold a string"},
      {"MOVED 3999 127.0.0.1:6381", ErrorCode::kUnsupported, "cluster"},
      {"ASK 3999 127.0.0.1:6381", ErrorCode::kUnsupported, "cluster"},
      {"CLUSTERDOWN Hash slot not served", ErrorCode::kUnavailable,
       "its cluster is down"},
      {"BUSY Redis is busy running a script.", ErrorCode::kBusy, "script"},
      {"MISCONF Redis is configured to save RDB snapshots",
       ErrorCode::kUnavailable, "see its log"},
      {"ERR max number of clients reached", ErrorCode::kUnavailable,
       "maxclients"},
      {"ERR DB index is out of range", ErrorCode::kInvalidArgument,
       "the database number is out of range"},
  };
  for (const Case& expected : cases) {
    const Status status =
        ServerError(expected.reply, "the Redis server there:6379");
    EXPECT_TRUE(status.Is(expected.code)) << status.ToString();
    EXPECT_NE(status.ToString().find(expected.words), std::string::npos)
        << status.ToString();
    EXPECT_NE(status.ToString().find("the Redis server there:6379"),
              std::string::npos);
  }
}

// For example, old servers repeat the arguments of an AUTH with a user.
TEST(ServerErrorTest, MessageDoesNotRepeatTheArguments) {
  for (const std::string_view reply :
       {"ERR unknown command `AUTH`, with args beginning with: `s3cret`, ",
        "ERR syntax error near s3cret", "WRONGPASS s3cret", "s3cret",
        "s3cret x", "\x1b[2J s3cret"}) {
    const std::string message = ServerError(reply, "s").ToString();
    EXPECT_EQ(message.find("s3cret"), std::string::npos);
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
  }
}

TEST(ServerErrorTest, WrongServerIsRecognised) {
  for (const std::string_view reply :
       {"READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down", "NOREPLICAS Not enough",
        "CLUSTERDOWN Hash slot not served",
        "NOAUTH Authentication required."}) {
    EXPECT_TRUE(IsWrongServer(reply)) << reply;
  }
  for (const std::string_view reply :
       {"OOM command not allowed", "BUSY Redis is busy", "MISCONF x", "ERR x",
        "MOVED 1 127.0.0.1:1", "NOPERM x", "READONLYX", "readonly x", ""}) {
    EXPECT_FALSE(IsWrongServer(reply)) << reply;
  }
}

// The native code says so.
TEST(ServerErrorTest, RefusedWriteIsNoOutageForReads) {
  for (const std::string_view reply :
       {"READONLY x", "NOREPLICAS x", "MISCONF x"}) {
    EXPECT_EQ(ServerError(reply, "s").error().native_code, EROFS) << reply;
  }
  for (const std::string_view reply :
       {"LOADING x", "MASTERDOWN x", "OOM x", "ERR x"}) {
    EXPECT_EQ(ServerError(reply, "s").error().native_code, 0) << reply;
  }
}

TEST(ServerErrorTest, UnknownErrorIsUnavailable) {
  EXPECT_TRUE(ServerError("ERR what", "s").Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(ServerError("", "s").Is(ErrorCode::kUnavailable));
  EXPECT_LT(ServerError(std::string(100'000, 'x'), "s").ToString().size(),
            200u);
}

}  // namespace
}  // namespace appcache::redis::server_error_test
