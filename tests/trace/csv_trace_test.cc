// The formats with columns: csv, cachelib-kv and cachelib-block.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/trace/read_trace.h"

namespace appcache::trace::csv_trace_test {
namespace {

using Texts = std::vector<std::string>;

std::string ErrorOf(const std::string& bytes, Format format) {
  const TraceContent content = ReadTrace(bytes, format);
  EXPECT_TRUE(content.error.Is(ErrorCode::kCorrupt)) << bytes;
  return content.error.ok() ? "" : content.error.message();
}

TEST(CsvTraceTest, TheHeaderNamesTheColumns) {
  const TraceContent content = ReadTrace(
      "time,op,client,key,ttl,size\n"
      "1.5,SET,9,a,2,7\n"
      "2,get,9,b,,\n"
      "\n"
      "3,delete,9,a,0,0\r\n");
  EXPECT_EQ(content.format, Format::kCsv);
  EXPECT_TRUE(content.error.ok()) << content.error.ToString();
  EXPECT_EQ(content.requests,
            (Texts{"set a time=1500 bytes=7 ttl=2000", "get b time=2000",
                   "delete a time=3000 bytes=0"}));
}

TEST(CsvTraceTest, WithoutAHeaderTheOrderIsKeySizeTtlOp) {
  const TraceContent content =
      ReadTrace("a\n b , 7\nc,,0.25\nd,8,60,set\n", std::nullopt, "t.CSV");
  EXPECT_EQ(content.format, Format::kCsv);
  EXPECT_EQ(content.requests, (Texts{"get a", "get b bytes=7", "get c ttl=250",
                                     "set d bytes=8 ttl=60000"}));
}

TEST(CsvTraceTest, FieldsMayBeQuoted) {
  const TraceContent content =
      ReadTrace("key,size\n\"a,b\",1\n \"say \"\"hi\"\"\" ,2\n\"\"\"\",3\n");
  EXPECT_EQ(
      content.requests,
      (Texts{"get a,b bytes=1", "get say \"hi\" bytes=2", "get \" bytes=3"}));
  for (const std::string line : {"\"a", "\"a\"b,1", "\"a\"\"", "\"a\" x"}) {
    EXPECT_NE(ErrorOf("key,size\n" + line + "\n", Format::kCsv)
                  .find("line 2 of X: expected fields separated by commas"),
              std::string::npos)
        << line;
  }
}

TEST(CsvTraceTest, OperationsHaveTheNamesOfOtherTraces) {
  Texts gets;
  for (const std::string name : {"get", "GET", "gets", "r", "read", "GET_LEASE",
                                 "getChunkData", "getChunkDataPermanent"}) {
    EXPECT_EQ(ReadTrace("key,op\na," + name + "\n").requests, Texts{"get a"});
  }
  for (const std::string name :
       {"set", "w", "put", "add", "cas", "SET_LEASE", "putChunkTemporary"}) {
    EXPECT_EQ(ReadTrace("key,op\na," + name + "\n").requests, Texts{"set a"});
  }
  EXPECT_EQ(ReadTrace("key,op\na,DEL\n").requests, Texts{"delete a"});
}

TEST(CsvTraceTest, AFieldThatIsWrongIsNamedWithItsLine) {
  struct Case {
    const char* line;
    const char* message;
  };
  for (const Case& wrong : std::vector<Case>{
           {",1,1,get,1", "key is \"\"; expected 1 to 1048576 bytes"},
           {"a,x,1,get,1", "size is \"x\"; expected a number of at most"},
           {"a,-1,1,get,1", "size is \"-1\""},
           {"a,1.5,1,get,1", "size is \"1.5\""},
           {"a,99999999999999,1,get,1", "size is \"99999999999999\""},
           {"a,1,x,get,1", "ttl is \"x\"; expected a number of seconds"},
           {"a,1,-1,get,1", "ttl is \"-1\""},
           {"a,1,1e9,get,1", "ttl is \"1e9\""},
           {"a,1,nan,get,1", "ttl is \"nan\""},
           {"a,1,1,got,1", "op is \"got\"; expected an operation such as get"},
           {"a,1,1,get,soon", "time is \"soon\"; expected a number of seconds"},
           {"a,1,1,get,253402300801", "time is \"253402300801\""}}) {
    const std::string error =
        ErrorOf(std::string("key,size,ttl,op,time\nb\n") + wrong.line + "\nc\n",
                Format::kCsv);
    EXPECT_EQ(error.find("line 3 of X: "), 0u) << error;
    EXPECT_NE(error.find(wrong.message), std::string::npos) << error;
  }
}

TEST(CsvTraceTest, MessagesShowTheStartOfAFieldAndNoControlCharacters) {
  const std::string error = ErrorOf(
      "key,size\na,\x1b[31m" + std::string(100, 'x') + "\n", Format::kCsv);
  EXPECT_NE(error.find("\\x1b[31mxxx"), std::string::npos) << error;
  EXPECT_LT(error.size(), 160u);
}

TEST(CsvTraceTest, ATtlOfMoreThanAHundredYearsIsNone) {
  EXPECT_EQ(ReadTrace("key,ttl\na,4294967295\n").requests, Texts{"get a"});
}

TEST(CsvTraceTest, ALineMayHaveManyFieldsButNotAnyNumber) {
  EXPECT_EQ(
      ReadTrace("key,size\na,1" + std::string(62, ',') + "\n").requests.size(),
      1u);
  EXPECT_NE(ErrorOf("key,size\na,1" + std::string(63, ',') + "\n", Format::kCsv)
                .find("at most 64"),
            std::string::npos);
}

TEST(CsvTraceTest, CacheLibKvRepeatsCountsAndPadsKeys) {
  const TraceContent content = ReadTrace(
      "op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase\n"
      "10,123,5,GET,2,0,0,0,u\n"
      "11,123,5,SET_LEASE,1,70,0,3600,u\n"
      "12,123,2,DELETE,1,0,0,0,u\n"
      "12,99,0,GET,0,1,0,0,u\n");
  EXPECT_EQ(content.format, Format::kCacheLibKv);
  EXPECT_TRUE(content.error.ok()) << content.error.ToString();
  EXPECT_EQ(content.requests,
            (Texts{"get 123   time=10000", "get 123   time=10000",
                   "set 123   time=11000 bytes=70 ttl=3600000",
                   "delete 123 time=12000 bytes=0"}));
}

TEST(CsvTraceTest, CacheLibKvWithoutAHeaderHasTheFirstPublishedOrder) {
  const TraceContent content =
      ReadTrace("k,GET,5,1,1\nl,SET,6,1,1,30\n", Format::kCacheLibKv);
  EXPECT_EQ(content.requests,
            (Texts{"get k bytes=5", "set l bytes=6 ttl=30000"}));
}

TEST(CsvTraceTest, CacheLibKvNeedsAnOperationAndABoundedCount) {
  EXPECT_NE(ErrorOf("k,,5,1,1\n", Format::kCacheLibKv).find("op is \"\""),
            std::string::npos);
  EXPECT_NE(ErrorOf("k,GET,5,99999999,1\n", Format::kCacheLibKv)
                .find("op_count is \"99999999\"; expected a number of at most "
                      "16777216"),
            std::string::npos);
}

TEST(CsvTraceTest, ABlockIsAKeyForEachPartThatIsTouched) {
  const TraceContent content = ReadTrace(
      "op_time,block_id,block_id_size,rs_shard_id,op_name,op_count,io_offset,"
      "io_size\n"
      "1,7,8000000,3,getChunkData.Permanent,1,131071,2\n"
      "2,7,8000000,3,putChunk,2,131072,131072\n"
      "3,8,8000000,,getChunkData,1,0,0\n");
  EXPECT_EQ(content.format, Format::kCacheLibBlock);
  EXPECT_TRUE(content.error.ok()) << content.error.ToString();
  EXPECT_EQ(content.requests, (Texts{"get 7/3/0 time=1000 bytes=131072",
                                     "get 7/3/1 time=1000 bytes=131072",
                                     "set 7/3/1 time=2000 bytes=131072",
                                     "set 7/3/1 time=2000 bytes=131072"}));
}

TEST(CsvTraceTest, ABlockHasAnOffsetAndABoundedSize) {
  const std::string header = "block_id,op_name,io_offset,io_size,op_count\n";
  const auto error = [&](const std::string& line) {
    return ErrorOf(header + line + "\n", Format::kCacheLibBlock);
  };
  EXPECT_NE(error("1,getChunkData,,5").find("io_offset is \"\""),
            std::string::npos);
  EXPECT_NE(error("1,getChunkData,0,").find("io_size is \"\""),
            std::string::npos);
  EXPECT_NE(error("1,getChunkData,0,1152921504606846976").find("at most"),
            std::string::npos);
  EXPECT_NE(error("1,getChunkData,0,1000000,16777216").find("at most"),
            std::string::npos);
  EXPECT_NE(error(",getChunkData,0,1").find("block_id is \"\""),
            std::string::npos);
}

TEST(CsvTraceTest, AHeaderWithoutARequiredColumnIsAnError) {
  EXPECT_EQ(ErrorOf("key,size\n", Format::kCacheLibKv),
            "line 1 of X: expected a header of cachelib-kv with the columns "
            "key, op and size");
  EXPECT_EQ(ErrorOf("1,2,3\n", Format::kCacheLibBlock),
            "line 1 of X: expected a header of cachelib-block with the columns "
            "block_id, op_name, io_offset and io_size");
}

}  // namespace
}  // namespace appcache::trace::csv_trace_test
