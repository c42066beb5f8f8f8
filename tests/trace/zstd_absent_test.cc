// A build without zstd.

#include <gtest/gtest.h>

#include "tools/trace/byte_source.h"

namespace appcache::trace {
namespace {

TEST(ZstdAbsentTest, TheErrorSaysWhatToDo) {
  char byte = 0;
  const auto got = NewZstdSource(nullptr, "\"a.zst\"")->Read(&byte, 1);
  ASSERT_TRUE(got.status().Is(ErrorCode::kUnsupported));
  EXPECT_NE(got.status().message().find("cannot read \"a.zst\""),
            std::string::npos);
  EXPECT_NE(got.status().message().find("zstd -d"), std::string::npos);
}

}  // namespace
}  // namespace appcache::trace
