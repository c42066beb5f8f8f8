// ReplyReader: replies in pieces of any size, and invalid ones.

#include "adapters/redis/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace appcache::redis::reply_test {
namespace {

using Next = ReplyReader::Result;
using std::string_view_literals::operator""sv;

std::string Describe(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return "nil";
    case Reply::Type::kInteger:
      return std::to_string(reply.integer);
    case Reply::Type::kStatus:
      return "+" + std::string(reply.bytes.view());
    case Reply::Type::kError:
      return "-" + std::string(reply.bytes.view());
    case Reply::Type::kString:
      return "'" + std::string(reply.bytes.view()) + "'";
    case Reply::Type::kArray:
      break;
  }
  std::string all = "[";
  for (const Reply& element : reply.elements) all += Describe(element) + ",";
  return all + "]";
}

constexpr std::string_view kStream =
    "+OK\r\n"
    "$5\r\na\r\nb\0\r\n"
    "$-1\r\n"
    "$0\r\n\r\n"
    ":-2\r\n"
    "-WRONGTYPE of thing\r\n"
    "*4\r\n$1\r\nx\r\n*2\r\n:1\r\n$-1\r\n-ERR no\r\n*0\r\n"
    "*-1\r\n"sv;

const std::vector<std::string> kReplies = {"+OK",
                                           std::string("'a\r\nb\0'", 7),
                                           "nil",
                                           "''",
                                           "-2",
                                           "-WRONGTYPE of thing",
                                           "['x',[1,nil,],-ERR no,[],]",
                                           "nil"};

constexpr size_t kMaxElements = 1000;
constexpr ReplyLimits kLimits = {1000, kMaxElements};

// Parses `stream`, which is not a whole reply or an invalid one.
Next NextOf(std::string_view stream) {
  ReplyReader reader(kLimits);
  Reply reply;
  return reader.Next(stream, reply);
}

TEST(ReplyReaderTest, ReadsAStreamInPiecesOfAnySize) {
  for (size_t piece = 1; piece <= kStream.size(); ++piece) {
    ReplyReader reader(kLimits);
    std::vector<std::string> replies;
    for (size_t at = 0; at < kStream.size(); at += piece) {
      std::string_view input = kStream.substr(at, piece);
      Reply reply;
      while (reader.Next(input, reply) == Next::kReply) {
        replies.push_back(Describe(reply));
      }
      ASSERT_TRUE(input.empty());
    }
    EXPECT_EQ(replies, kReplies) << "in pieces of " << piece;
    EXPECT_FALSE(reader.IsInReply());
  }
}

TEST(ReplyReaderTest, IsInReplyAfterPartOfOne) {
  for (std::string_view part : {"+", "+OK", "+OK\r", "$5\r\nabc", "$0\r\n",
                                "$1\r\na\r", "*2\r\n:1\r\n"}) {
    ReplyReader reader(kLimits);
    Reply reply;
    EXPECT_EQ(reader.Next(part, reply), Next::kNeedsMore);
    EXPECT_TRUE(reader.IsInReply()) << part;
  }
}

TEST(ReplyReaderTest, InvalidReplyIsMalformed) {
  for (const std::string_view garbage :
       {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "%1\r\n", "$x\r\n",
        "*1\r\n?\r\n", "$99999999999999999999\r\n", ":\r\n", "$-2\r\n",
        "*-2\r\n", ":1 \r\n", "+OK\n", "$1\r\nab\r\n", "$1\r\na\n", "$\r\n"}) {
    EXPECT_EQ(NextOf(garbage), Next::kMalformed) << garbage;
  }
}

// A server that is not Redis may never send the end of a line: the greeting of
// TLS has none.
TEST(ReplyReaderTest, FirstByteOfAnotherProtocolIsMalformed) {
  EXPECT_EQ(NextOf("\x15"), Next::kMalformed);
  EXPECT_EQ(NextOf("*2\r\n\x15"), Next::kMalformed);
}

TEST(ReplyReaderTest, LongLineIsMalformed) {
  const std::string longest =
      "+" + std::string(ReplyReader::kMaxLineBytes - 3, 'x') + "\r\n";
  ReplyReader reader({ReplyReader::kMaxLineBytes, kMaxElements});
  std::string_view input = longest;
  Reply reply;
  EXPECT_EQ(reader.Next(input, reply), Next::kReply);
  const std::string endless(ReplyReader::kMaxLineBytes + 1, '+');
  for (const size_t piece : {size_t{1}, endless.size()}) {
    ReplyReader other(kLimits);
    Next last = Next::kNeedsMore;
    for (size_t at = 0; at < endless.size(); at += piece) {
      input = std::string_view(endless).substr(at, piece);
      last = other.Next(input, reply);
    }
    EXPECT_EQ(last, Next::kMalformed);
  }
}

// By its header, before any memory is allocated for it.
TEST(ReplyReaderTest, ReplyAboveTheLimitIsTooLarge) {
  EXPECT_EQ(NextOf("$1000\r\n"), Next::kNeedsMore);
  EXPECT_EQ(NextOf("$1001\r\n"), Next::kTooLarge);
  EXPECT_EQ(NextOf("$9223372036854775807\r\n"), Next::kTooLarge);
  EXPECT_EQ(NextOf("+" + std::string(1001, 'x') + "\r\n"), Next::kTooLarge);
  const std::string half = "$500\r\n" + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(NextOf("*2\r\n" + half + half), Next::kReply);
  EXPECT_EQ(NextOf("*3\r\n" + half + half + "$1\r\n"), Next::kTooLarge);
  EXPECT_EQ(NextOf("*3\r\n" + half + half + "+x\r\n"), Next::kTooLarge);
}

TEST(ReplyReaderTest, LimitAppliesToEachReply) {
  ReplyReader reader(kLimits);
  const std::string one = "$999\r\n" + std::string(999, 'x') + "\r\n";
  const std::string many = one + one + "*1\r\n" + one;
  std::string_view input = many;
  Reply reply;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(reader.Next(input, reply), Next::kReply);
}

TEST(ReplyReaderTest, LargeNumberOfElementsReservesNoMemory) {
  EXPECT_EQ(NextOf("*2147483647\r\n:1\r\n"), Next::kNeedsMore);
  EXPECT_EQ(NextOf("*9223372036854775807\r\n:1\r\n"), Next::kNeedsMore);
}

TEST(ReplyReaderTest, DeepNestingIsMalformed) {
  std::string nested;
  for (size_t i = 0; i < ReplyReader::kMaxDepth; ++i) nested += "*1\r\n";
  EXPECT_EQ(NextOf(nested), Next::kNeedsMore);
  EXPECT_EQ(NextOf(nested + ":1\r\n"), Next::kReply);
  EXPECT_EQ(NextOf(nested + "*0\r\n"), Next::kReply);
  EXPECT_EQ(NextOf(nested + "*1\r\n"), Next::kMalformed);
}

// Parses a reply with too many elements, which another reply follows.
void ExpectTruncated(const std::string& stream, Reply& reply) {
  ReplyReader reader(kLimits);
  const std::string all = stream + "+OK\r\n";
  std::string_view input = all;
  ASSERT_EQ(reader.Next(input, reply), Next::kReply);
  Reply next;
  ASSERT_EQ(reader.Next(input, next), Next::kReply);
  EXPECT_TRUE(next.is_ok());
  EXPECT_FALSE(next.is_truncated);
  EXPECT_FALSE(reader.IsInReply());
}

TEST(ReplyTest, ElementsBeyondTheLimitAreDropped) {
  constexpr size_t kMore = kMaxElements + 300;
  std::string stream = "*" + std::to_string(kMore) + "\r\n";
  for (size_t i = 0; i < kMaxElements; ++i) stream += ":7\r\n";
  // Their text counts for no limit.
  for (int i = 0; i < 100; ++i) {
    stream += "$20\r\n12345678901234567890\r\n*1\r\n+twenty\r\n$-1\r\n";
  }
  Reply reply;
  ExpectTruncated(stream, reply);
  EXPECT_TRUE(reply.is_truncated);
  EXPECT_EQ(reply.elements.size(), kMaxElements);
  EXPECT_EQ(reply.elements.back().integer, 7);
}

TEST(ReplyTest, ElementsOfNestedArraysCount) {
  std::string stream = "*2\r\n:1\r\n*2\r\n:1\r\n*";
  stream += std::to_string(kMaxElements) + "\r\n";
  for (size_t i = 0; i < kMaxElements; ++i) stream += "*0\r\n";
  Reply reply;
  ExpectTruncated(stream, reply);
  EXPECT_FALSE(reply.is_truncated);
  const Reply& inner = reply.elements[1].elements[1];
  EXPECT_TRUE(inner.is_truncated);
  EXPECT_EQ(inner.elements.size(), kMaxElements - 4);
}

}  // namespace
}  // namespace appcache::redis::reply_test
