// LineReader, on sources in memory.

#include "tools/trace/line_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace appcache::trace::line_reader_test {
namespace {

using Texts = std::vector<std::string>;

// Returns at most `piece` bytes at a time.
LineReader::Source SourceOf(std::string text, size_t piece = SIZE_MAX) {
  return [text = std::move(text), piece, at = size_t{0}](
             char* data, size_t size) mutable -> Result<size_t> {
    const size_t count = std::min({size, piece, text.size() - at});
    std::memcpy(data, text.data() + at, count);
    at += count;
    return count;
  };
}

struct Lines {
  Texts texts;
  Status error;  // ok at the end of the source
};

Lines ReadLines(LineReader reader, size_t max_line_bytes = 1000) {
  Lines lines;
  for (;;) {
    std::string_view line;
    const auto is_line = reader.Next(line, max_line_bytes);
    if (!is_line.ok()) lines.error = is_line.status();
    if (!is_line.ok() || !*is_line) return lines;
    lines.texts.emplace_back(line);
    EXPECT_EQ(reader.line_number(), lines.texts.size());
  }
}

TEST(LineReaderTest, LinesEndWithANewlineOrTheSource) {
  EXPECT_EQ(ReadLines({"x", SourceOf("one\n\nthree")}).texts,
            (Texts{"one", "", "three"}));
  EXPECT_EQ(ReadLines({"x", SourceOf("one\n")}).texts, Texts{"one"});
  const Lines none = ReadLines({"x", SourceOf("")});
  EXPECT_EQ(none.texts, Texts());
  EXPECT_TRUE(none.error.ok());
}

TEST(LineReaderTest, LinesMayEndAsOnWindows) {
  for (const size_t piece : {size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(ReadLines({"x", SourceOf("a\r\n\r\nb\rc\r\nd", piece)}).texts,
              (Texts{"a", "", "b\rc", "d"}));
  }
}

TEST(LineReaderTest, LinesThatSpanReadsAreComplete) {
  std::string text;
  Texts expected;
  for (int i = 0; i < 100'000; ++i) {
    expected.push_back(std::to_string(i * 7919));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(ReadLines({"x", SourceOf(text, 4097)}).texts, expected);
}

TEST(LineReaderTest, TheErrorForALongLineHasItsNumber) {
  const Lines lines =
      ReadLines({"x", SourceOf("one\n" + std::string(11, 'x') + "\n")}, 10);
  EXPECT_EQ(lines.texts, Texts{"one"});
  ASSERT_TRUE(lines.error.Is(ErrorCode::kTooLarge));
  EXPECT_NE(lines.error.message().find("line 2 of x"), std::string::npos);
}

TEST(LineReaderTest, AnOverlongLineIsNotReadToItsEnd) {
  size_t bytes = 0;
  LineReader reader("x", [&](char* data, size_t size) -> Result<size_t> {
    std::memset(data, 'x', size);
    bytes += size;
    return size;
  });
  std::string_view line;
  EXPECT_FALSE(reader.Next(line, 10).ok());
  EXPECT_LT(bytes, size_t{1} << 20);
}

TEST(LineReaderTest, AnErrorOfTheSourceIsReturned) {
  LineReader reader("x", [](char*, size_t) -> Result<size_t> {
    return Status(ErrorCode::kUnavailable, "gone");
  });
  std::string_view line;
  EXPECT_TRUE(reader.Next(line, 10).status().Is(ErrorCode::kUnavailable));
}

TEST(LineReaderTest, AMalformedLineIsNamed) {
  LineReader reader("x", SourceOf("a\nb\n"));
  std::string_view line;
  ASSERT_TRUE(reader.Next(line, 10).ok());
  ASSERT_TRUE(reader.Next(line, 10).ok());
  EXPECT_EQ(reader.Position(), "line 2");
  EXPECT_EQ(reader.Malformed("expected c").message(),
            "line 2 of x: expected c");
}

}  // namespace
}  // namespace appcache::trace::line_reader_test
