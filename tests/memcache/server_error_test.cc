// How the error lines of a Memcached server are reported.

#include "adapters/memcache/server_error.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace appcache::memcache::server_error_test {
namespace {

struct Meaning {
  std::string_view line;
  ErrorCode code;
  std::string_view words;
  bool is_in_step;
};

TEST(MemcacheServerErrorTest, ReportsCodeServerAndRemedy) {
  const Meaning meanings[] = {
      {"SERVER_ERROR object too large for cache", ErrorCode::kTooLarge,
       "max_item_bytes", true},
      {"SERVER_ERROR out of memory storing object", ErrorCode::kFull, "-m",
       true},
      {"SERVER_ERROR out of memory writing get response", ErrorCode::kFull,
       "out of memory", true},
      {"SERVER_ERROR something", ErrorCode::kUnavailable, "see its log", true},
      {"ERROR Too many open connections", ErrorCode::kUnavailable,
       "max_connections", false},
      {"ERROR", ErrorCode::kUnsupported, "does not know the command", false},
      {"CLIENT_ERROR bad data chunk", ErrorCode::kUnavailable,
       "did not understand", false},
      {"CLIENT_ERROR unauthenticated", ErrorCode::kUnavailable, "password",
       false},
  };
  for (const Meaning& meaning : meanings) {
    const Status status =
        ServerError(meaning.line, "the Memcached server there:11211");
    EXPECT_TRUE(status.Is(meaning.code)) << status.ToString();
    EXPECT_NE(status.ToString().find(meaning.words), std::string::npos)
        << status.ToString();
    EXPECT_NE(status.ToString().find("the Memcached server there:11211"),
              std::string::npos);
    EXPECT_EQ(IsInStepAfter(meaning.line), meaning.is_in_step) << meaning.line;
  }
}

TEST(MemcacheServerErrorTest, NeverContainsTheRestOfTheLine) {
  for (const std::string_view line :
       {"SERVER_ERROR near s3cret", "CLIENT_ERROR s3cret", "ERROR s3cret"}) {
    EXPECT_EQ(ServerError(line, "s").ToString().find("s3cret"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace appcache::memcache::server_error_test
