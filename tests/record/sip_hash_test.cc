// SipHash-2-4: the vectors of its authors.

#include "engine/record/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace appcache::internal::sip_hash_test {
namespace {

// The key is the bytes 0 to 15, and the text the bytes 0 to n - 1, as in the
// vectors of the reference implementation.
constexpr SipKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string Text(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHashTest, HasTheReferenceValues) {
  const struct {
    size_t size;
    uint64_t hash;
  } kVectors[] = {
      {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},
      {2, 0x0d6c8009d9a94f5a},  {3, 0x85676696d7fb7e2d},
      {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
      {9, 0x9e0082df0ba9e4b0},  {15, 0xa129ca6149be45e5},
      {16, 0x3f2acc7f57c29bdb}, {63, 0x958a324ceb064572},
  };
  for (const auto& vector : kVectors) {
    EXPECT_EQ(SipHash24(kKey, Text(vector.size)), vector.hash) << vector.size;
  }
}

TEST(SipHashTest, DependsOnBothHalvesOfTheSecret) {
  EXPECT_NE(SipHash24({1, 2}, "key"), SipHash24({1, 3}, "key"));
  EXPECT_NE(SipHash24({1, 2}, "key"), SipHash24({0, 2}, "key"));
}

}  // namespace
}  // namespace appcache::internal::sip_hash_test
