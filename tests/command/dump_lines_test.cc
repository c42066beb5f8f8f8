#include "tools/command/dump/dump_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace appcache::command::dump_lines_test {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHeader =
    "{\"format\":\"appcache-dump\",\"version\":1}\n";
constexpr std::string_view kEntry = "{\"key\":\"a\",\"value\":\"1\"}\n";

// What a reader makes of a text, which it gets in small pieces.
struct Read {
  std::vector<StoredEntry> entries;
  Status error;
};

Read ReadAllOf(std::string_view text) {
  DumpLinesReader reader("the dump", [text](char* data, size_t size) mutable {
    const size_t count = std::min({size, text.size(), size_t{1000}});
    text.copy(data, count);
    text.remove_prefix(count);
    return Result<size_t>(count);
  });
  Read read;
  for (;;) {
    Result<std::vector<StoredEntry>> block = reader.NextBlock();
    if (!block.ok()) {
      read.error = block.status();
      return read;
    }
    if (block->empty()) return read;
    for (StoredEntry& entry : *block) read.entries.push_back(std::move(entry));
  }
}

// The message of the error that the text is; empty if it is none.
std::string ErrorOf(std::string_view text) {
  const Status error = ReadAllOf(text).error;
  return error.ok() ? std::string() : std::string(error.message());
}

class Written {
 public:
  void Add(std::string_view path, std::string_view value,
           std::optional<TimePoint> expires_at = std::nullopt,
           std::optional<TimePoint> last_access = std::nullopt) {
    EXPECT_TRUE(
        writer_.Add({path, value, value.size(), expires_at, last_access}).ok());
  }
  const std::string& Finish() {
    EXPECT_TRUE(writer_.Finish().ok());
    return text_;
  }

 private:
  std::string text_;
  DumpLinesWriter writer_{[this](std::string_view bytes) {
    text_ += bytes;
    return Status();
  }};
};

TEST(DumpLinesTest, ADumpHasALineForEachEntryBetweenItsFirstAndLast) {
  Written written;
  written.Add("k\n\"", "v", TimePoint(milliseconds(2000)),
              TimePoint(milliseconds(1000)));
  written.Add("\xff", std::string("\xfe\0\0\0\0\0", 6));
  EXPECT_EQ(written.Finish(),
            std::string(kHeader) +
                "{\"key\":\"k\\n\\\"\",\"value\":\"v\",\"last_access_at_ms\":"
                "1000,\"expires_at_ms\":2000}\n"
                "{\"key_base64\":\"/w==\",\"value_base64\":\"/gAAAAAA\","
                "\"last_access_at_ms\":null,\"expires_at_ms\":null}\n"
                "{\"end\":true,\"entries\":2}\n");
}

TEST(DumpLinesTest, AnEmptyDumpIsComplete) {
  const Read read = ReadAllOf(Written().Finish());
  EXPECT_TRUE(read.error.ok());
  EXPECT_TRUE(read.entries.empty());
}

TEST(DumpLinesTest, AnyBytesAndTimesAreReadAsTheyWereWritten) {
  RandomSource random;
  Written written;
  std::vector<std::pair<std::string, std::string>> expected;
  for (int i = 0; i < 3000; ++i) {
    std::string path = random.String(random.Below(20));
    std::string value = random.String(random.Below(i == 7 ? 300'000 : 40));
    if (i % 3 == 0) value = "text \u00e4 " + std::to_string(i);
    written.Add(path, value, TimePoint(milliseconds(i + 1)));
    expected.emplace_back(std::move(path), std::move(value));
  }
  const Read read = ReadAllOf(written.Finish());
  ASSERT_TRUE(read.error.ok()) << read.error.ToString();
  ASSERT_EQ(read.entries.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const StoredEntry& entry = read.entries[i];
    EXPECT_EQ(entry.info.path, expected[i].first);
    EXPECT_EQ(entry.value.view(), expected[i].second);
    EXPECT_EQ(entry.info.expires_at,
              TimePoint(milliseconds(static_cast<int64_t>(i) + 1)));
  }
}

TEST(DumpLinesTest, LinesWithoutAFirstNeedNoLast) {
  const std::string text =
      std::string(kEntry) + "\n \r\n" +
      "{\"key_base64\":\"/w==\",\"value\":\"\",\"expires_at_ms\":null}";
  const Read read = ReadAllOf(text);
  EXPECT_TRUE(read.error.ok()) << read.error.ToString();
  ASSERT_EQ(read.entries.size(), 2u);
  EXPECT_EQ(read.entries[1].info.path, "\xff");
  EXPECT_FALSE(read.entries[1].info.expires_at.has_value());
}

// The first line is the first that is not empty.
TEST(DumpLinesTest, AHeaderMayFollowEmptyLinesAndAByteOrderMark) {
  for (const std::string before : {"\n", "\xef\xbb\xbf", "\xef\xbb\xbf \r\n"}) {
    const std::string text =
        before + std::string(kHeader) + std::string(kEntry);
    EXPECT_NE(ErrorOf(text).find("unexpected end"), std::string::npos);
    EXPECT_EQ(ErrorOf(text + "{\"end\":true,\"entries\":1}\n"), "");
  }
}

TEST(DumpLinesTest, ATruncatedDumpIsAnErrorAfterItsEntries) {
  Written written;
  for (int i = 0; i < 3; ++i) written.Add("key" + std::to_string(i), "value");
  const std::string& text = written.Finish();
  // The whole dump ends with a newline, which is optional.
  for (size_t size = 1; size + 1 < text.size(); ++size) {
    const Read read = ReadAllOf(std::string_view(text).substr(0, size));
    EXPECT_FALSE(read.error.ok()) << size;
    const auto lines = std::count(
        text.begin(), text.begin() + static_cast<ptrdiff_t>(size), '\n');
    EXPECT_GE(read.entries.size() + 2, static_cast<size_t>(lines));
  }
}

TEST(DumpLinesTest, TheErrorForABrokenLineHasItsNumber) {
  const std::string_view broken[] = {
      "x",
      "[1]",
      "{\"key\":\"a\"}",
      "{\"value\":\"a\"}",
      "{\"key\":1,\"value\":\"a\"}",
      "{\"key\":\"a\",\"key_base64\":\"YQ==\",\"value\":\"a\"}",
      "{\"key_base64\":\"YQ=\",\"value\":\"a\"}",
      "{\"key_base64\":\"Y===\",\"value\":\"a\"}",
      "{\"key_base64\":\"YR==\",\"value\":\"a\"}",
      "{\"key_base64\":\"Y Q=\",\"value\":\"a\"}",
      "{\"key\":\"a\",\"value\":\"1\",\"expires_at_ms\":-1}",
      "{\"key\":\"a\",\"value\":\"1\",\"expires_at_ms\":1.5}",
      "{\"key\":\"a\",\"value\":\"1\",\"expires_at_ms\":\"1\"}",
      "{\"key\":\"a\",\"value\":\"1\",\"expires_at_ms\":253402300800000}",
      "{\"key\":\"a\",\"value\":\"1\",\"last_access_at_ms\":1e30}",
      "{\"key\":\"a\",\"value\":\"1\",\"ttl\":1}",
      "{\"key\":\"a\",\"value\":\"1\"",
      "{\"key\":\"a\xff\",\"value\":\"1\"}",
      "{\"key\":\"\\ud800\",\"value\":\"1\"}",
      "{\"end\":true,\"entries\":1}"};
  for (const std::string_view line : broken) {
    const Read read = ReadAllOf(std::string(kEntry) + std::string(line) + "\n" +
                                std::string(kEntry));
    EXPECT_EQ(read.entries.size(), 1u) << line;
    EXPECT_TRUE(read.error.Is(ErrorCode::kCorrupt)) << line;
    EXPECT_NE(read.error.message().find("line 2"), std::string::npos)
        << read.error.message();
  }
}

TEST(DumpLinesTest, ADeeplyNestedLineIsAnError) {
  EXPECT_NE(ErrorOf("{\"key\":" + std::string(1'000'000, '[')), "");
  EXPECT_NE(ErrorOf("{\"key\":" + std::string(100'000, '[') +
                    std::string(100'000, ']') + ",\"value\":\"\"}"),
            "");
}

TEST(DumpLinesTest, LongTextThatNeedsManyEscapesIsInBase64) {
  const std::string control(100'000, '\x01');
  const std::string plain(100'000, 'x');
  Written written;
  written.Add("control", control);
  written.Add("plain", plain);
  const std::string& text = written.Finish();
  EXPECT_NE(text.find("\"control\",\"value_base64\":\"AQEB"),
            std::string::npos);
  EXPECT_NE(text.find("\"plain\",\"value\":\"xxx"), std::string::npos);
  const Read read = ReadAllOf(text);
  ASSERT_EQ(read.entries.size(), 2u) << read.error.ToString();
  EXPECT_EQ(read.entries[0].value.view(), control);
  EXPECT_EQ(read.entries[1].value.view(), plain);
}

TEST(DumpLinesTest, BracketsInStringsAreText) {
  const Read read = ReadAllOf("{\"key\":\"[{\\\"[\\\\\",\"value\":\"]}\"}\n");
  ASSERT_EQ(read.entries.size(), 1u) << read.error.ToString();
  EXPECT_EQ(read.entries[0].info.path, "[{\"[\\");
}

TEST(DumpLinesTest, MissingAndAdditionalEntriesAreErrors) {
  const std::string start = std::string(kHeader) + std::string(kEntry);
  EXPECT_EQ(ErrorOf(start + "{\"end\":true,\"entries\":1}\n"), "");
  EXPECT_NE(ErrorOf(start + "{\"end\":true,\"entries\":2}\n").find("missing"),
            std::string::npos);
  EXPECT_NE(
      ErrorOf(start + "{\"end\":true,\"entries\":1}\n" + std::string(kEntry))
          .find("data after the end"),
      std::string::npos);
}

TEST(DumpLinesTest, ANewerVersionIsUnsupported) {
  const Read read = ReadAllOf("{\"format\":\"appcache-dump\",\"version\":2}\n" +
                              std::string(kEntry));
  EXPECT_TRUE(read.error.Is(ErrorCode::kUnsupported));
  EXPECT_TRUE(read.entries.empty());
}

}  // namespace
}  // namespace appcache::command::dump_lines_test
