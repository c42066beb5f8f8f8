#include "tools/command/line_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace appcache::command {
namespace {

class LineReaderTest : public ::testing::Test {
 protected:
  void Write(std::string_view text) { std::ofstream(path_) << text; }

  void WriteGzip(std::string_view text) {
    gzFile file = gzopen(path_.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    const int size = static_cast<int>(text.size());
    ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(size)), size);
    ASSERT_EQ(gzclose(file), Z_OK);
  }

  // The lines up to the end or an error, which is stored in error_.
  std::vector<std::string> Lines(size_t max_line_bytes = 1000) {
    auto reader = LineReader::Open(path_);
    if (!reader.ok()) {
      error_ = reader.status();
      return {};
    }
    std::vector<std::string> lines;
    for (;;) {
      std::string_view line;
      const auto is_line = reader->Next(line, max_line_bytes);
      if (!is_line.ok()) error_ = is_line.status();
      if (!is_line.ok() || !*is_line) return lines;
      lines.emplace_back(line);
      EXPECT_EQ(reader->line_number(), lines.size());
    }
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/trace";
  Status error_;
};

using Texts = std::vector<std::string>;

TEST_F(LineReaderTest, LinesEndWithANewlineOrTheFile) {
  Write("one\n\nthree");
  EXPECT_EQ(Lines(), (Texts{"one", "", "three"}));
  Write("one\n");
  EXPECT_EQ(Lines(), (Texts{"one"}));
  Write("");
  EXPECT_EQ(Lines(), Texts());
  EXPECT_TRUE(error_.ok());
}

TEST_F(LineReaderTest, GzipFilesAreDecompressed) {
  WriteGzip("one\ntwo\n");
  EXPECT_EQ(Lines(), (Texts{"one", "two"}));
}

TEST_F(LineReaderTest, LinesThatSpanReadsAreComplete) {
  std::string text;
  Texts expected;
  for (int i = 0; i < 100'000; ++i) {
    expected.push_back(std::to_string(i * 7919));
    text += expected.back() + "\n";
  }
  WriteGzip(text);
  EXPECT_EQ(Lines(), expected);
}

TEST_F(LineReaderTest, TheErrorForALongLineHasItsNumber) {
  Write("one\n" + std::string(11, 'x') + "\n");
  EXPECT_EQ(Lines(10), Texts{"one"});
  ASSERT_FALSE(error_.ok());
  EXPECT_NE(error_.error().message.find("line 2"), std::string::npos);
}

TEST_F(LineReaderTest, AnOverlongLineIsNotReadToItsEnd) {
  Write(std::string(2'000'000, 'x'));
  EXPECT_EQ(Lines(10), Texts());
  EXPECT_FALSE(error_.ok());
}

TEST_F(LineReaderTest, ATruncatedGzipFileIsAnError) {
  WriteGzip(std::string(5000, 'x') + "\n" + path_);
  std::ifstream whole(path_, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(whole)),
                        std::istreambuf_iterator<char>());
  Write(all.substr(0, all.size() - 10));
  Lines(10'000);
  EXPECT_TRUE(error_.Is(ErrorCode::kCorrupt));
}

TEST_F(LineReaderTest, AnUnreadableFileIsAnError) {
  EXPECT_FALSE(LineReader::Open(dir_.path() + "/missing").ok());
  auto directory = LineReader::Open(dir_.path());
  ASSERT_TRUE(directory.ok());
  std::string_view line;
  EXPECT_FALSE(directory->Next(line, 10).ok());
}

}  // namespace
}  // namespace appcache::command
