// ReplyReader: replies in pieces of any size, and invalid ones.

#include "adapters/redis/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace appcache::redis {
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

TEST(ReplyReaderTest, ReadsAStreamInPiecesOfAnySize) {
  for (size_t piece = 1; piece <= kStream.size(); ++piece) {
    ReplyReader reader;
    std::vector<std::string> replies;
    for (size_t at = 0; at < kStream.size(); at += piece) {
      ASSERT_TRUE(reader.Feed(kStream.substr(at, piece)));
      Reply reply;
      while (reader.Next(reply) == Next::kReply) {
        replies.push_back(Describe(reply));
      }
    }
    EXPECT_EQ(replies, kReplies) << "in pieces of " << piece;
    EXPECT_FALSE(reader.HasMore());
  }
}

TEST(ReplyReaderTest, HasMoreAfterPartOfAReply) {
  for (const std::string_view part :
       {"+", "+OK", "$5\r\nabc", "*2\r\n:1\r\n"}) {
    ReplyReader reader;
    Reply reply;
    ASSERT_TRUE(reader.Feed(part));
    EXPECT_EQ(reader.Next(reply), Next::kNeedsMore);
    EXPECT_TRUE(reader.HasMore()) << part;
  }
}

TEST(ReplyReaderTest, InvalidReplyIsMalformed) {
  for (const std::string_view garbage :
       {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "%1\r\n", "$x\r\n",
        "*1\r\n?\r\n", "$99999999999999999999\r\n", ":\r\n"}) {
    ReplyReader reader;
    Reply reply;
    ASSERT_TRUE(reader.Feed(garbage));
    EXPECT_EQ(reader.Next(reply), Next::kMalformed) << garbage;
    EXPECT_EQ(reader.Next(reply), Next::kMalformed) << garbage;
  }
}

TEST(ReplyReaderTest, LargeNumberOfElementsReservesNoMemory) {
  ReplyReader reader;
  Reply reply;
  ASSERT_TRUE(reader.Feed("*2147483647\r\n:1\r\n"));
  EXPECT_EQ(reader.Next(reply), Next::kNeedsMore);
}

TEST(ReplyReaderTest, DeepNestingIsMalformed) {
  ReplyReader reader;
  Reply reply;
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "*1\r\n";
  ASSERT_TRUE(reader.Feed(nested));
  EXPECT_EQ(reader.Next(reply), Next::kMalformed);
}

// Elements beyond the limit are parsed and dropped, nested arrays too.
TEST(ReplyTest, ArrayOfTooManyElementsIsTruncated) {
  constexpr size_t kMore = Reply::kMaxElements + 3;
  ReplyReader reader;
  std::string stream = "*" + std::to_string(kMore) + "\r\n";
  for (size_t i = 0; i < kMore; ++i) stream += "*2\r\n$1\r\na\r\n:7\r\n";
  ASSERT_TRUE(reader.Feed(stream + "+OK\r\n"));
  Reply reply;
  ASSERT_EQ(reader.Next(reply), ReplyReader::Result::kReply);
  EXPECT_TRUE(reply.is_truncated);
  EXPECT_EQ(reply.elements.size(), Reply::kMaxElements);
  EXPECT_EQ(reply.elements.back().elements[1].integer, 7);
  EXPECT_FALSE(reply.elements.back().is_truncated);
  ASSERT_EQ(reader.Next(reply), ReplyReader::Result::kReply);
  EXPECT_TRUE(reply.is_ok());
  EXPECT_FALSE(reader.HasMore());
}

}  // namespace
}  // namespace appcache::redis
