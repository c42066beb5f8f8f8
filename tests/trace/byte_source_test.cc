// The sources of bytes: files, and what is compressed with gzip or zstd.

#include "tools/trace/byte_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/temp_dir.h"
#include "tests/trace/compress.h"

namespace appcache::trace::byte_source_test {
namespace {

// Returns at most `piece` bytes at a time.
class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string bytes, size_t piece)
      : bytes_(std::move(bytes)), piece_(piece) {}

  Result<size_t> Read(char* data, size_t size) override {
    const size_t count = std::min({size, piece_, bytes_.size() - at_});
    std::memcpy(data, bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t at_ = 0;
};

std::unique_ptr<ByteSource> InMemory(std::string bytes, size_t piece = 1000) {
  return std::make_unique<MemorySource>(std::move(bytes), piece);
}

struct Content {
  std::string bytes;
  Status error;  // ok at the end
};

Content ReadAll(ByteSource& source, size_t read_bytes = 777) {
  Content content;
  std::string buffer(read_bytes, '\0');
  for (;;) {
    const Result<size_t> got = source.Read(buffer.data(), buffer.size());
    if (!got.ok()) content.error = got.status();
    if (!got.ok() || *got == 0) return content;
    content.bytes.append(buffer, 0, *got);
  }
}

Content Decompress(std::string bytes, size_t piece = 1000) {
  auto source = Decompressed(InMemory(std::move(bytes), piece), "x");
  if (!source.ok()) return {"", source.status()};
  return ReadAll(**source);
}

std::string SomeText() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

class ByteSourceTest : public ::testing::Test {
 protected:
  const TempDir dir_;
  const std::string path_ = dir_.path() + "/trace";
};

TEST_F(ByteSourceTest, AFileHasItsBytesAndItsSize) {
  std::ofstream(path_) << "one\ntwo";
  auto file = FileSource::Open(path_, "x");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->file_bytes(), 7u);
  EXPECT_EQ(ReadAll(**file).bytes, "one\ntwo");
  EXPECT_EQ((*file)->bytes_read(), 7u);
}

TEST_F(ByteSourceTest, AFileThatCannotBeReadIsAnError) {
  const auto missing = FileSource::Open(dir_.path() + "/missing", "\"x\"");
  ASSERT_TRUE(missing.status().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(missing.status().message(),
            "cannot open \"x\": no such file or directory");
  auto directory = FileSource::Open(dir_.path(), "x");
  ASSERT_TRUE(directory.ok());
  EXPECT_TRUE(ReadAll(**directory).error.Is(ErrorCode::kUnavailable));
}

TEST_F(ByteSourceTest, PeekedBytesAreReadToo) {
  PeekSource source(InMemory("abcdefgh", 3));
  EXPECT_EQ(*source.Peek(4), "abcd");
  EXPECT_EQ(*source.Peek(2), "ab");
  std::array<char, 3> three;
  ASSERT_EQ(*source.Read(three.data(), three.size()), 3u);
  EXPECT_EQ(*source.Peek(100), "defgh");
  EXPECT_EQ(ReadAll(source).bytes, "defgh");
  EXPECT_EQ(*source.Peek(1), "");
}

TEST_F(ByteSourceTest, CompressedBytesAreRecognised) {
  const std::string text = SomeText();
  for (const size_t piece : {size_t{1}, size_t{1000}, size_t{1} << 20}) {
    EXPECT_EQ(Decompress(text, piece).bytes, text);
    EXPECT_EQ(Decompress(Gzip(text), piece).bytes, text);
    EXPECT_EQ(Decompress(Zstd(text), piece).bytes, text);
  }
  EXPECT_EQ(Decompress("").bytes, "");
  EXPECT_EQ(Decompress(Gzip("")).bytes, "");
  EXPECT_EQ(Decompress(Zstd("")).bytes, "");
}

// What pzstd writes begins with one.
TEST_F(ByteSourceTest, AFrameToSkipIsSkipped) {
  for (const char first : {'\x50', '\x5f'}) {
    const std::string skipped =
        std::string(1, first) + std::string("\x2a\x4d\x18\x04\0\0\0abcd", 11);
    const Content content =
        Decompress(skipped + Zstd("one\n") + skipped + Zstd("two\n"));
    EXPECT_TRUE(content.error.ok()) << content.error.ToString();
    EXPECT_EQ(content.bytes, "one\ntwo\n");
  }
}

// A frame that says that its window has 256 MiB, and whose only block is empty.
TEST_F(ByteSourceTest, ALargerWindowThanTheLimitIsNoDamage) {
  const Content content =
      Decompress(std::string("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00", 9));
  EXPECT_TRUE(content.error.Is(ErrorCode::kTooLarge));
  EXPECT_NE(content.error.message().find("--long=31"), std::string::npos)
      << content.error.ToString();
}

TEST_F(ByteSourceTest, SeveralMembersAreOneFile) {
  for (const auto& compress : {Gzip, Zstd}) {
    const Content content =
        Decompress(compress("one\n") + compress("") + compress("two\n"));
    EXPECT_TRUE(content.error.ok());
    EXPECT_EQ(content.bytes, "one\ntwo\n");
  }
}

// Cut anywhere, a file is the start of its text and an error.
TEST_F(ByteSourceTest, TruncatedDataIsAnError) {
  const std::string text = SomeText().substr(0, 300);
  for (const auto& compress : {Gzip, Zstd}) {
    const std::string whole = compress(text);
    for (size_t size = 4; size < whole.size(); ++size) {
      const Content content = Decompress(whole.substr(0, size));
      ASSERT_TRUE(content.error.Is(ErrorCode::kCorrupt)) << size;
      ASSERT_TRUE(text.starts_with(content.bytes)) << size;
    }
  }
}

TEST_F(ByteSourceTest, DamagedDataIsAnErrorOrOtherBytes) {
  const std::string text = SomeText().substr(0, 300);
  for (const auto& compress : {Gzip, Zstd}) {
    const std::string whole = compress(text);
    for (size_t at = 4; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const Content content = Decompress(damaged);
      // A window may have become too large.
      ASSERT_TRUE(content.error.ok() || content.error.Is(ErrorCode::kCorrupt) ||
                  content.error.Is(ErrorCode::kTooLarge))
          << at;
    }
  }
}

TEST_F(ByteSourceTest, BytesAfterTheEndOfGzipDataAreAnError) {
  const Content content = Decompress(Gzip("one\n") + "garbage");
  EXPECT_EQ(content.bytes, "one\n");
  EXPECT_TRUE(content.error.Is(ErrorCode::kCorrupt));
}

}  // namespace
}  // namespace appcache::trace::byte_source_test
