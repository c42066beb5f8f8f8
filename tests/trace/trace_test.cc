// The formats without columns, how a format is recognised, and what cut and
// damaged files give.

#include "tools/trace/trace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/trace/compress.h"
#include "tests/trace/read_trace.h"
#include "tools/trace/oracle_general.h"

namespace appcache::trace::trace_test {
namespace {

using Text = std::string;
using Texts = std::vector<Text>;

std::string Oracle(const std::vector<OracleGeneralRecord>& records) {
  std::string bytes;
  for (const OracleGeneralRecord& record : records) {
    const auto encoded = EncodeOracleGeneral(record);
    bytes.append(encoded.begin(), encoded.end());
  }
  return bytes;
}

struct Example {
  Format format;
  std::string bytes;
  Texts requests;
};

const std::vector<Example>& Examples() {
  static const auto& examples = *new std::vector<Example>{
      {Format::kPlain, "a\nb c\n\na,d\n", {"get a", "get b c", "get a,d"}},
      {Format::kCsv,
       "key,size,ttl,op\na,7,1,get\nb,8,,set\n",
       {"get a bytes=7 ttl=1000", "set b bytes=8"}},
      {Format::kCacheLibKv,
       "key,op,size,op_count,key_size\na,GET,7,2,1\nb,DELETE,0,1,1\n",
       {"get a bytes=7", "get a bytes=7", "delete b bytes=0"}},
      {Format::kCacheLibBlock,
       "block_id,op_name,io_offset,io_size\n5,getChunkData,131072,9\n",
       {"get 5//1 bytes=131072"}},
      {Format::kOracleGeneral,
       Oracle({{1, 2, 3, -1}, {4, UINT64_MAX, 0, 9}}),
       {"get 2 time=1000 bytes=3",
        "get 18446744073709551615 time=4000 bytes=0"}},
  };
  return examples;
}

TEST(TraceTest, EachFormatIsRecognisedByItsContent) {
  for (const Example& example : Examples()) {
    SCOPED_TRACE(ToString(example.format));
    for (const std::string& bytes :
         {example.bytes, Gzip(example.bytes), Zstd(example.bytes)}) {
      const TraceContent content = ReadTrace(bytes);
      EXPECT_TRUE(content.error.ok()) << content.error.ToString();
      EXPECT_EQ(content.format, example.format);
      EXPECT_EQ(content.requests, example.requests);
    }
  }
}

TEST(TraceTest, TextFromWindowsIsTheSame) {
  for (const Example& example : Examples()) {
    if (example.format == Format::kOracleGeneral) continue;
    SCOPED_TRACE(ToString(example.format));
    std::string bytes = "\xef\xbb\xbf";
    for (const char c : example.bytes) bytes += c == '\n' ? "\r\n" : Text(1, c);
    for (const std::string& text : {bytes, Gzip(bytes)}) {
      const TraceContent content = ReadTrace(text);
      EXPECT_TRUE(content.error.ok()) << content.error.ToString();
      EXPECT_EQ(content.format, example.format);
      EXPECT_EQ(content.requests, example.requests);
    }
  }
}

TEST(TraceTest, TextInUtf16IsAnError) {
  for (const bool is_little : {true, false}) {
    std::string bytes = is_little ? "\xff\xfe" : "\xfe\xff";
    for (const char c : Text("key,size\na,1\n")) {
      bytes += is_little ? Text({c, '\0'}) : Text({'\0', c});
    }
    for (const auto format : {std::optional<Format>(), {Format::kCsv}}) {
      const Status error = ReadTrace(bytes, format).error;
      EXPECT_TRUE(error.Is(ErrorCode::kUnsupported));
      EXPECT_NE(error.message().find("iconv"), std::string::npos)
          << error.ToString();
    }
  }
}

TEST(TraceTest, TheNameAndTheOptionDecideFirst) {
  EXPECT_EQ(ReadTrace("1 2 0 0\n").format, Format::kPlain);
  EXPECT_EQ(ReadTrace("1 2 0 0\n", std::nullopt, "P1.lis").format,
            Format::kArc);
  EXPECT_EQ(ReadTrace(Gzip("1 2 0 0\n"), std::nullopt, "P1.lis.gz").format,
            Format::kArc);
  EXPECT_EQ(ReadTrace("a\n", std::nullopt, "a.csv.zst").format, Format::kCsv);
  EXPECT_EQ(ReadTrace("", std::nullopt, "w.oracleGeneral.bin.zst").format,
            Format::kOracleGeneral);
  EXPECT_EQ(ReadTrace("key,size\na,1\n", Format::kPlain).requests,
            (Texts{"get key,size", "get a,1"}));
}

TEST(TraceTest, ALineOfArcIsSeveralBlocks) {
  const TraceContent content =
      ReadTrace("17 3 0 1\n\n5 1\n 9 0 x\r\n6\t1\t0\n", Format::kArc);
  EXPECT_TRUE(content.error.ok()) << content.error.ToString();
  EXPECT_EQ(content.requests,
            (Texts{"get 17", "get 18", "get 19", "get 5", "get 6"}));
  for (const std::string line :
       {"17", "x 1", "17 x", "17 1x", "-1 1", "1 99999999",
        "18446744073709551615 2", "18446744073709551616 1"}) {
    const TraceContent wrong = ReadTrace("1 1\n" + line + "\n", Format::kArc);
    ASSERT_TRUE(wrong.error.Is(ErrorCode::kCorrupt)) << line;
    EXPECT_EQ(wrong.error.message(),
              "line 2 of X: expected the first block and the number of blocks, "
              "such as \"17 2 0 1\"");
    EXPECT_EQ(wrong.requests, Texts{"get 1"});
  }
}

TEST(TraceTest, ATruncatedRecordIsNamed) {
  std::string bytes = Oracle({{1, 2, 3, 4}, {5, 6, 7, 8}});
  bytes.resize(bytes.size() - 7);
  const TraceContent content = ReadTrace(bytes, Format::kOracleGeneral);
  EXPECT_EQ(content.requests.size(), 1u);
  ASSERT_TRUE(content.error.Is(ErrorCode::kCorrupt));
  EXPECT_EQ(content.error.message(),
            "record 2 of X is truncated: expected 24 bytes, found 17");
}

TEST(TraceTest, ManyRecordsAreReadInOrder) {
  std::vector<OracleGeneralRecord> records;
  for (uint32_t i = 0; i < 10'000; ++i) records.push_back({i, i, i, -1});
  const TraceContent content = ReadTrace(Zstd(Oracle(records)));
  ASSERT_EQ(content.requests.size(), 10'000u);
  EXPECT_EQ(content.requests[9'999], "get 9999 time=9999000 bytes=9999");
}

// A file that was cut gives the first of its requests, and then perhaps an
// error. (The last request of a text may be cut too.)
TEST(TraceTest, ATruncatedFileIsAShorterTraceOrAnError) {
  for (const Example& example : Examples()) {
    SCOPED_TRACE(ToString(example.format));
    for (size_t size = 0; size < example.bytes.size(); ++size) {
      const TraceContent content =
          ReadTrace(example.bytes.substr(0, size), example.format);
      ASSERT_LE(content.requests.size(), example.requests.size());
      for (size_t i = 0; i + 1 < content.requests.size(); ++i) {
        ASSERT_EQ(content.requests[i], example.requests[i]) << size;
      }
      ASSERT_TRUE(content.error.ok() || content.error.Is(ErrorCode::kCorrupt));
    }
  }
}

TEST(TraceTest, AnyByteInAnyPlaceIsARequestOrAnError) {
  for (const Example& example : Examples()) {
    SCOPED_TRACE(ToString(example.format));
    for (size_t at = 0; at < example.bytes.size(); ++at) {
      for (const char byte : {'\0', '\n', ',', '"', '9', '-', '\xff'}) {
        std::string bytes = example.bytes;
        bytes[at] = byte;
        const TraceContent content = ReadTrace(bytes, example.format);
        ASSERT_TRUE(content.error.ok() ||
                    content.error.Is(ErrorCode::kCorrupt));
      }
    }
  }
}

TEST(TraceTest, EachFormatReadsTheFilesOfTheOthersWithoutHarm) {
  for (const Example& example : Examples()) {
    for (int i = 0; i < 6; ++i) {
      const TraceContent content =
          ReadTrace(example.bytes, static_cast<Format>(i));
      ASSERT_TRUE(content.error.ok() || content.error.Is(ErrorCode::kCorrupt));
    }
  }
}

TEST(TraceTest, ALongLineIsAnError) {
  const std::string longest(Trace::kMaxKeyBytes, 'x');
  EXPECT_EQ(ReadTrace(longest + "\n").requests.size(), 1u);
  EXPECT_TRUE(ReadTrace(longest + "x\n").error.Is(ErrorCode::kTooLarge));
  EXPECT_TRUE(ReadTrace("key,op\n" + longest + "x,get\n")
                  .error.Is(ErrorCode::kCorrupt));
  EXPECT_TRUE(ReadTrace(std::string(2 << 20, ' '), Format::kArc)
                  .error.Is(ErrorCode::kTooLarge));
}

TEST(TraceTest, AnEmptyFileHasNoRequests) {
  for (int i = 0; i < 6; ++i) {
    const TraceContent content = ReadTrace("", static_cast<Format>(i));
    EXPECT_TRUE(content.error.ok());
    EXPECT_EQ(content.requests, Texts());
  }
}

TEST(TraceTest, FormatsHaveNames) {
  for (int i = 0; i < 6; ++i) {
    const auto format = static_cast<Format>(i);
    EXPECT_EQ(*ParseFormat(ToString(format)), format);
  }
  const auto unknown = ParseFormat("lirs");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.status().message(),
            "expected one of plain, csv, arc, cachelib-kv, cachelib-block, "
            "oracle-general");
}

TEST(TraceTest, AMissingFileIsAnError) {
  const auto trace = Trace::Open({"/nonexistent/trace", "X"});
  EXPECT_TRUE(trace.status().Is(ErrorCode::kUnavailable));
}

}  // namespace
}  // namespace appcache::trace::trace_test
