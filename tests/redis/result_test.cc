// Replies as results.

#include "adapters/redis/result.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace appcache::redis::result_test {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

Lookup<Ttl> TtlOf(int64_t integer) {
  Reply reply;
  reply.type = Reply::Type::kInteger;
  reply.integer = integer;
  return ToTtl(reply, "the server");
}

TEST(ToTtlTest, MissAndNoTtl) {
  EXPECT_FALSE(TtlOf(-2).is_hit());
  EXPECT_EQ(*TtlOf(-1), kNoTtl);
  EXPECT_EQ(*TtlOf(0), Ttl(1));
  EXPECT_EQ(*TtlOf(5), Ttl(5));
}

TEST(ToTtlTest, IsWithinTheLimitWhateverTheServerSays) {
  EXPECT_EQ(*TtlOf(kMaxTtl.count()), kMaxTtl);
  EXPECT_EQ(*TtlOf(kMaxTtl.count() + 1), kMaxTtl);
  EXPECT_EQ(*TtlOf(kMost), kMaxTtl);
  EXPECT_EQ(*TtlOf(-3), Ttl(1));
  EXPECT_EQ(*TtlOf(kLeast), Ttl(1));
}

TEST(IsOutOfStepTest, ReplyOfTheWrongTypeIsAndAnErrorReplyIsNot) {
  Reply reply;
  reply.type = Reply::Type::kInteger;
  const Status unexpected = UnexpectedReply(reply, "the server");
  EXPECT_TRUE(unexpected.Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(IsOutOfStep(unexpected));
  reply.type = Reply::Type::kError;
  reply.bytes = Bytes::Copy("LOADING its data");
  const Status refused = UnexpectedReply(reply, "the server");
  EXPECT_TRUE(refused.Is(ErrorCode::kUnavailable));
  EXPECT_FALSE(IsOutOfStep(refused));
  EXPECT_FALSE(IsOutOfStep(Status()));
}

}  // namespace
}  // namespace appcache::redis::result_test
