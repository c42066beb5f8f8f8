// Damaged data is kCorrupt or decompresses to the original value, and never
// allocates more than the limit.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/compressor.h"
#include "tests/support/allocations.h"

namespace appcache::gzip_damage_test {
namespace {

constexpr size_t kCap = size_t{1} << 20;
constexpr std::string_view kValue =
    "a value of some length, with repetition, repetition and 0123456789";

std::string Compressed(std::string_view value) {
  return std::string(GzipCompressor()->Compress(value)->view());
}

Result<Bytes> Decompress(std::string_view bytes, size_t max_bytes = kCap) {
  return GzipCompressor()->Decompress(bytes, max_bytes);
}

bool IsCorrupt(const Result<Bytes>& result) {
  return result.status().Is(ErrorCode::kCorrupt);
}

TEST(GzipDamageTest, TruncatedDataIsCorrupt) {
  const std::string whole = Compressed(kValue);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(IsCorrupt(Decompress(whole.substr(0, size)))) << size;
  }
  EXPECT_EQ(Decompress(whole)->view(), kValue);
}

TEST(GzipDamageTest, ATruncatedSecondMemberIsCorrupt) {
  const std::string first = Compressed("first");
  const std::string both = first + Compressed("second");
  for (size_t size = first.size() + 1; size < both.size(); ++size) {
    EXPECT_TRUE(IsCorrupt(Decompress(both.substr(0, size)))) << size;
  }
  EXPECT_EQ(Decompress(both)->view(), "firstsecond");
}

// Bits of the header that do not affect the value (time, system) may flip.
TEST(GzipDamageTest, AFlippedBitIsCorruptOrTheSameValue) {
  const std::string whole = Compressed(kValue);
  int corrupt = 0;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Result<Bytes> result = Decompress(damaged);
    if (result.ok()) {
      EXPECT_EQ(result->view(), kValue) << "bit " << bit;
    } else {
      EXPECT_TRUE(IsCorrupt(result)) << result.status().ToString();
      ++corrupt;
    }
  }
  // At least all bits between the header (10 bytes) and the trailer (8 bytes).
  EXPECT_GE(corrupt, static_cast<int>(whole.size() - 10 - 8) * 8);
}

TEST(GzipDamageTest, TrailingBytesAreCorrupt) {
  const std::string whole = Compressed(kValue);
  EXPECT_TRUE(IsCorrupt(Decompress(whole + "junk")));
  EXPECT_TRUE(IsCorrupt(Decompress(whole + "\x1f")));
}

TEST(GzipDamageTest, ZerosMayFollowAMember) {
  const std::string whole = Compressed(kValue);
  const std::string zeros(1000, '\0');
  const std::string twice = std::string(kValue) + std::string(kValue);
  EXPECT_EQ(Decompress(whole + '\0')->view(), kValue);
  EXPECT_EQ(Decompress(whole + zeros)->view(), kValue);
  EXPECT_EQ(Decompress(whole + zeros + whole + zeros)->view(), twice);
  EXPECT_TRUE(IsCorrupt(Decompress(whole + zeros + "junk")));
  EXPECT_TRUE(IsCorrupt(Decompress(zeros + whole)));
}

TEST(GzipDamageTest, OtherDataIsCorrupt) {
  EXPECT_TRUE(IsCorrupt(Decompress("")));
  EXPECT_TRUE(IsCorrupt(Decompress("plain text")));
  EXPECT_TRUE(IsCorrupt(Decompress("\x1f\x8b and then plain text")));
}

TEST(GzipDamageTest, TheLimitIsExact) {
  for (const size_t cap :
       {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{4097}, kCap}) {
    const Result<Bytes> fits =
        Decompress(Compressed(std::string(cap, 'x')), cap);
    EXPECT_TRUE(fits.ok() && fits->size() == cap) << cap;
    EXPECT_TRUE(
        IsCorrupt(Decompress(Compressed(std::string(cap + 1, 'x')), cap)))
        << cap;
  }
}

TEST(GzipDamageTest, TheLimitCountsAllMembersTogether) {
  const std::string half = Compressed(std::string(100, 'x'));
  EXPECT_TRUE(Decompress(half + half, 200).ok());
  EXPECT_TRUE(IsCorrupt(Decompress(half + half, 199)));
}

TEST(GzipDamageTest, ABombIsCorruptAndAllocatesNoMoreThanTheLimit) {
  const std::string bomb = Compressed(std::string(kCap * 64, '\0'));
  ASSERT_LT(bomb.size(), kCap / 8);
  AllocationCounter allocations;
  const Result<Bytes> result = Decompress(bomb);
  EXPECT_LE(allocations.bytes(), kCap + 4096);
  EXPECT_GE(allocations.bytes(), kCap / 2);  // the counter works
  EXPECT_TRUE(IsCorrupt(result));
}

TEST(GzipDamageTest, WithoutALimitAnySizeIsValid) {
  EXPECT_EQ(
      Decompress(Compressed(std::string(kCap * 4, 'x')), SIZE_MAX)->size(),
      kCap * 4);
}

}  // namespace
}  // namespace appcache::gzip_damage_test
