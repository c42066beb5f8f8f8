#include "tools/trace/oracle_general.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace appcache::trace::oracle_general_test {
namespace {

TEST(OracleGeneralTest, ARecordIsPackedAndLittleEndian) {
  const auto bytes = EncodeOracleGeneral({.seconds = 0x04030201,
                                          .key = 0x0c0b0a0908070605,
                                          .bytes = 0x100f0e0d,
                                          .next_access = -2});
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()),
            "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
            "\x0d\x0e\x0f\x10\xfe\xff\xff\xff\xff\xff\xff\xff");
}

TEST(OracleGeneralTest, DecodingReversesEncoding) {
  for (const OracleGeneralRecord& record :
       {OracleGeneralRecord(), OracleGeneralRecord{1, 2, 3, 4},
        OracleGeneralRecord{UINT32_MAX, UINT64_MAX, UINT32_MAX,
                            std::numeric_limits<int64_t>::min()}}) {
    EXPECT_EQ(DecodeOracleGeneral(EncodeOracleGeneral(record).data()), record);
  }
}

}  // namespace
}  // namespace appcache::trace::oracle_general_test
