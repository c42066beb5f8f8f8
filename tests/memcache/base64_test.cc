// AppendBase64: the vectors of RFC 4648, and all digits.

#include "adapters/memcache/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace appcache::memcache::base64_test {
namespace {

std::string Base64(std::string_view bytes) {
  std::string out;
  AppendBase64(bytes, out);
  EXPECT_EQ(out.size(), Base64Length(bytes.size()));
  return out;
}

TEST(MemcacheBase64Test, VectorsOfTheRfc) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
}

TEST(MemcacheBase64Test, EveryDigitIsUsed) {
  std::string bytes;
  for (uint32_t digit = 0; digit < 64; digit += 4) {
    const uint32_t bits =
        digit << 18 | (digit + 1) << 12 | (digit + 2) << 6 | (digit + 3);
    for (int shift = 16; shift >= 0; shift -= 8) {
      bytes += static_cast<char>(bits >> shift & 255);
    }
  }
  EXPECT_EQ(Base64(bytes),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

TEST(MemcacheBase64Test, AppendsToWhatIsThere) {
  std::string out = "mg ";
  AppendBase64("a b", out);
  EXPECT_EQ(out, "mg YSBi");
}

}  // namespace
}  // namespace appcache::memcache::base64_test
