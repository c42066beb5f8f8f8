// ReplyReader: replies in pieces of any size, and malformed replies.

#include "adapters/memcache/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace appcache::memcache::reply_test {
namespace {

using Next = ReplyReader::Result;
using std::string_view_literals::operator""sv;

constexpr uint64_t kLimit = 1000;

std::string Describe(const Reply& reply) {
  return std::to_string(static_cast<int>(reply.type)) + "|" +
         std::string(reply.text) + "|" + std::string(reply.bytes.view());
}

constexpr std::string_view kStream =
    "VALUE key 0 8\r\na\r\nb\0\r\n\xff\r\n"
    "VALUE k\xff 4294967295 0\r\n\r\n"
    "END\r\n"
    "STORED\r\n"
    "NOT_STORED\r\n"
    "DELETED\r\n"
    "NOT_FOUND\r\n"
    "TOUCHED\r\n"
    "OK\r\n"
    "VERSION 1.6.18\r\n"
    "HD t-1\r\n"
    "VA 4 kkey t-1 W\r\n\r\nab\r\n"
    "VA 0\r\n\r\n"
    "EN\r\n"
    "EN kkey\r\n"
    "NS O1\r\n"
    "NS\r\n"
    "NF O1 b\r\n"
    "NF\r\n"
    "MN\r\n"
    "ERROR\r\n"
    "CLIENT_ERROR bad data chunk\r\n"
    "SERVER_ERROR out of memory storing object\r\n"sv;

const std::vector<std::string> kReplies = {
    std::string("0|key|a\r\nb\0\r\n\xff", 14),
    "0|k\xff|",
    "1||",
    "2||",
    "3||",
    "4||",
    "5||",
    "6||",
    "7||",
    "8|1.6.18|",
    "9|t-1|",
    "10|kkey t-1 W|\r\nab",
    "10||",
    "11||",
    "11|kkey|",
    "12|O1|",
    "12||",
    "13|O1 b|",
    "13||",
    "14||",
    "15|ERROR|",
    "15|CLIENT_ERROR bad data chunk|",
    "15|SERVER_ERROR out of memory storing object|"};

TEST(MemcacheReplyReaderTest, ReadsRepliesInPiecesOfAnySize) {
  for (size_t piece = 1; piece <= kStream.size(); ++piece) {
    ReplyReader reader(kLimit);
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

TEST(MemcacheReplyReaderTest, IsInReplyAfterAPartOfOne) {
  for (const std::string_view part :
       {"E"sv, "END"sv, "END\r"sv, "VALUE k 0 3\r\n"sv, "VALUE k 0 0\r\n"sv,
        "VALUE k 0 3\r\nabc\r"sv, "VA 3 t1\r\nab"sv}) {
    ReplyReader reader(kLimit);
    Reply reply;
    std::string_view input = part;
    EXPECT_EQ(reader.Next(input, reply), Next::kNeedsMore);
    EXPECT_TRUE(reader.IsInReply()) << part;
  }
}

TEST(MemcacheReplyReaderTest, RejectsMalformedReplies) {
  for (const std::string_view garbage : {"HTTP/1.1 400 Bad Request\r\n"sv,
                                         "\r\n"sv,
                                         "END\n"sv,
                                         "END \r\n"sv,
                                         "END x\r\n"sv,
                                         "-ERR unknown command\r\n"sv,
                                         "end\r\n"sv,
                                         "VALUE\r\n"sv,
                                         "VALUE k 0\r\n"sv,
                                         "VALUE k 0 x\r\n"sv,
                                         "VALUE k 0 -1\r\n"sv,
                                         "VALUE k  3\r\nabc\r\n"sv,
                                         "VALUE  0 3\r\n"sv,
                                         "VALUE k 0 3 7\r\nabc\r\n"sv,
                                         "VALUE k 0 3\r\nabcd\r\n"sv,
                                         "VALUE k 0 3\r\nabc\n"sv,
                                         "VALUE k 0 99999999999999999999\r\n"sv,
                                         "VA\r\n"sv,
                                         "VA \r\n"sv,
                                         "VA x\r\n"sv,
                                         "VA -1 t1\r\n"sv,
                                         "VA 3 t1\r\nabcd\r\n"sv}) {
    ReplyReader reader(kLimit);
    Reply reply;
    std::string_view input = garbage;
    EXPECT_EQ(reader.Next(input, reply), Next::kMalformed) << garbage;
  }
}

TEST(MemcacheReplyReaderTest, RejectsALargeValueByItsHeader) {
  ReplyReader reader(kLimit);
  Reply reply;
  std::string_view input = "VALUE k 0 1001\r\n";
  EXPECT_EQ(reader.Next(input, reply), Next::kTooLarge);
  ReplyReader meta_reader(kLimit);
  input = "VA 1001 t1\r\n";
  EXPECT_EQ(meta_reader.Next(input, reply), Next::kTooLarge);
  ReplyReader other(kLimit);
  const std::string fits =
      "VALUE k 0 1000\r\n" + std::string(1000, 'x') + "\r\n";
  input = fits;
  EXPECT_EQ(other.Next(input, reply), Next::kReply);
}

TEST(MemcacheReplyReaderTest, RejectsALongLine) {
  const std::string endless(ReplyReader::kMaxLineBytes + 1, 'E');
  for (const size_t piece : {size_t{1}, endless.size()}) {
    ReplyReader reader(kLimit);
    Reply reply;
    Next last = Next::kNeedsMore;
    for (size_t at = 0; at < endless.size(); at += piece) {
      std::string_view input = std::string_view(endless).substr(at, piece);
      last = reader.Next(input, reply);
    }
    EXPECT_EQ(last, Next::kMalformed);
  }
}

}  // namespace
}  // namespace appcache::memcache::reply_test
