#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>

#include "appcache/compressor.h"
#include "tests/support/random.h"

namespace appcache::gzip_compressor_test {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kCap = size_t{64} << 20;

// The decompressed bytes, or the error.
std::string Inflated(std::string_view bytes, size_t max_bytes = kCap) {
  const Result<Bytes> plain = GzipCompressor()->Decompress(bytes, max_bytes);
  return plain.ok() ? std::string(plain->view()) : plain.status().ToString();
}

std::string Deflated(std::string_view bytes, int level = 5) {
  const Result<Bytes> compressed = GzipCompressor(level)->Compress(bytes);
  return compressed.ok() ? std::string(compressed->view())
                         : compressed.status().ToString();
}

// Decompresses with zlib directly, which must read all that the compressor
// writes.
std::string InflatedByZlib(std::string bytes, size_t size) {
  std::string output(size + 1, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "inflateInit2 failed";
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  const int rc = inflate(&stream, Z_FINISH);
  output.resize(stream.total_out);
  inflateEnd(&stream);
  return rc == Z_STREAM_END ? output : "inflate: " + std::to_string(rc);
}

// gzip.compress(b"appcache and pyappcache share this value\n" * 3, 5, mtime=0)
constexpr std::string_view kByPython =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x2c\x28\x48\x4e\x4c\xce\x48"
    "\x55\x48\xcc\x4b\x51\x28\xa8\x4c\x84\x71\x8b\x33\x12\x8b\x52\x15\x4a\x32"
    "\x32\x8b\x15\xca\x12\x73\x4a\x53\xb9\x12\xa9\xae\x10\x00\x17\x7b\xa6\x44"
    "\x7b\x00\x00\x00"sv;
constexpr std::string_view kPythonsValue =
    "appcache and pyappcache share this value\n"
    "appcache and pyappcache share this value\n"
    "appcache and pyappcache share this value\n";

TEST(GzipCompressorTest, ReadsWhatPythonWrites) {
  EXPECT_EQ(Inflated(kByPython), kPythonsValue);
}

// Four members: b"first, " with a time, b"second, " at level 9, b"", b"third".
TEST(GzipCompressorTest, ReadsSeveralMembersAsOneValue) {
  EXPECT_EQ(
      Inflated("\x1f\x8b\x08\x00\x00\x10\x5e\x5f\x00\xff\x4b\xcb\x2c\x2a\x2e"
               "\xd1\x51\x00\x00\x04\xcf\xce\xf1\x07\x00\x00\x00\x1f\x8b\x08"
               "\x00\x00\x00\x00\x00\x02\x03\x2b\x4e\x4d\xce\xcf\x4b\xd1\x51"
               "\x00\x00\x9a\x1f\x09\x9d\x08\x00\x00\x00\x1f\x8b\x08\x00\x00"
               "\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
               "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03\x2b\xc9\xc8\x2c\x4a"
               "\x01\x00\x64\x20\x32\x24\x05\x00\x00\x00"sv),
      "first, second, third");
}

// gzip.GzipFile(filename="name.txt", mtime=1), as the gzip command writes too.
TEST(GzipCompressorTest, ReadsAHeaderWithAFileName) {
  EXPECT_EQ(
      Inflated("\x1f\x8b\x08\x08\x01\x00\x00\x00\x02\xff\x6e\x61\x6d\x65\x2e"
               "\x74\x78\x74\x00\x2b\xcf\x2c\xc9\x50\x48\x54\xc8\x4b\xcc\x4d"
               "\x05\x00\x8c\x9b\x9e\x8d\x0b\x00\x00\x00"sv),
      "with a name");
}

TEST(GzipCompressorTest, ZlibReadsEveryLevel) {
  const std::string value = std::string(1000, 'a') + "\0\xff tail";
  for (int level = 1; level <= 9; ++level) {
    EXPECT_EQ(InflatedByZlib(Deflated(value, level), value.size()), value);
  }
}

TEST(GzipCompressorTest, TheDefaultLevelIsFive) {
  const std::string value = std::string(kPythonsValue) + "and so on and so on";
  const Result<Bytes> by_default = GzipCompressor()->Compress(value);
  ASSERT_TRUE(by_default.ok());
  EXPECT_EQ(by_default->view(), Deflated(value, 5));
}

// No time stamp and no name, as gzip.compress(mtime=0) of Python writes it.
TEST(GzipCompressorTest, TheHeaderIsConstant) {
  EXPECT_EQ(Deflated("x").substr(0, 8), "\x1f\x8b\x08\x00\x00\x00\x00\x00"sv);
  EXPECT_EQ(Deflated("x"), Deflated("x"));
}

TEST(GzipCompressorTest, RecognisesTheMagicBytesOnly) {
  const auto gzip = GzipCompressor();
  EXPECT_TRUE(gzip->IsCompressed(kByPython));
  EXPECT_TRUE(gzip->IsCompressed("\x1f\x8b"));
  EXPECT_FALSE(gzip->IsCompressed("\x1f"));
  EXPECT_FALSE(gzip->IsCompressed(""));
  EXPECT_FALSE(gzip->IsCompressed("\x8b\x1f"));
  EXPECT_FALSE(gzip->IsCompressed(" \x1f\x8b"));
}

TEST(GzipCompressorTest, AnEmptyValueRoundTrips) {
  const std::string nothing = Deflated("");
  EXPECT_TRUE(GzipCompressor()->IsCompressed(nothing));
  EXPECT_EQ(Inflated(nothing), "");
  EXPECT_EQ(Inflated(nothing, 0), "");
}

TEST(GzipCompressorTest, RandomValuesRoundTrip) {
  RandomSource random;
  for (int round = 0; round < 300; ++round) {
    // Noise and repetition, with sizes below and above the buffer size of 4096.
    const std::string noise = random.String(random.Below(5000));
    const std::string value =
        noise + std::string(random.Below(20000), 'r') + noise;
    const std::string compressed =
        Deflated(value, static_cast<int>(random.Below(9)) + 1);
    ASSERT_EQ(Inflated(compressed), value);
    ASSERT_EQ(Inflated(compressed, value.size()), value);
  }
}

TEST(GzipCompressorTest, CompressesRepetitions) {
  EXPECT_LT(Deflated(std::string(100000, 'a')).size(), 1000u);
}

}  // namespace
}  // namespace appcache::gzip_compressor_test
