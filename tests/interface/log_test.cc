#include "appcache/log.h"

#include <gtest/gtest.h>

#include <string>

namespace appcache {
namespace {

std::string Printed(LogLevel level, std::string_view message) {
  testing::internal::CaptureStderr();
  LogToStderr(level, message);
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, PrintsOneLineWithTheLevel) {
  EXPECT_EQ(Printed(LogLevel::kInfo, "opened"), "appcache: info: opened\n");
  EXPECT_EQ(Printed(LogLevel::kWarning, "odd"), "appcache: warning: odd\n");
  EXPECT_EQ(Printed(LogLevel::kError, "bad"), "appcache: error: bad\n");
}

TEST(LogTest, AMessageNeedsNoTerminator) {
  const std::string text = "part of a longer text";
  EXPECT_EQ(Printed(LogLevel::kInfo, std::string_view(text).substr(0, 4)),
            "appcache: info: part\n");
}

}  // namespace
}  // namespace appcache
