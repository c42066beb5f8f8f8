#include "appcache/log.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace appcache::log_test {
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

// Messages contain paths, keys and the words of servers.
constexpr std::string_view kHostile =
    "cannot open a\x1b]0;title\x07\nerror: \r\t\u202etxt\xc3(\xff\x7f \u00fc";
constexpr std::string_view kHarmless =
    "cannot open a\\x1b]0;title\\x07\\nerror: \\r\\t\\u202etxt\\xc3("
    "\\xff\\x7f \u00fc";

TEST(LogTest, EscapesWhatATerminalActsOn) {
  EXPECT_EQ(Printed(LogLevel::kError, kHostile),
            "appcache: error: " + std::string(kHarmless) + "\n");
  EXPECT_EQ(Printed(LogLevel::kInfo, std::string_view("a\0b", 3)),
            "appcache: info: a\\x00b\n");
}

TEST(LogSinkTest, EscapesWhatATerminalActsOn) {
  std::string logged;
  const LogSink sink = [&logged](LogLevel, std::string_view message) {
    logged = message;
  };
  sink(LogLevel::kError, kHostile);
  EXPECT_EQ(logged, kHarmless);
  sink(LogLevel::kError, logged);
  EXPECT_EQ(logged, kHarmless);  // no backslash is escaped again
}

TEST(LogSinkTest, IsEmptyWithoutAFunction) {
  EXPECT_EQ(LogSink(), nullptr);
  EXPECT_EQ(LogSink(nullptr), nullptr);
  EXPECT_EQ(LogSink(static_cast<LogSink::Function*>(nullptr)), nullptr);
  EXPECT_EQ(LogSink(std::function<LogSink::Function>()), nullptr);
  EXPECT_FALSE(LogSink());
  LogSink sink = LogToStderr;
  EXPECT_NE(sink, nullptr);
  sink = nullptr;
  EXPECT_EQ(sink, nullptr);
}

TEST(LogSinkTest, CallsAFunctionPointer) {
  const LogSink sink = LogToStderr;
  EXPECT_TRUE(sink);
  testing::internal::CaptureStderr();
  sink(LogLevel::kInfo, "opened");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "appcache: info: opened\n");
}

TEST(LogSinkTest, CopiesShareTheCallable) {
  // Cannot be copied, only moved.
  auto lines = std::make_unique<std::string>();
  const std::string& logged = *lines;
  const LogSink sink = [lines = std::move(lines)](LogLevel level,
                                                  std::string_view message) {
    EXPECT_EQ(level, LogLevel::kWarning);
    lines->append(message).append(";");
  };
  const LogSink copy = sink;  // NOLINT(performance-unnecessary-copy-*)
  sink(LogLevel::kWarning, "one");
  copy(LogLevel::kWarning, "two");
  EXPECT_EQ(logged, "one;two;");
}

}  // namespace
}  // namespace appcache::log_test
