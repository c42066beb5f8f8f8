#include "adapters/memcache/md5.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "engine/support/byte_order.h"

namespace appcache::memcache {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kLengthBytes = sizeof(uint64_t);

// Of step i: the first 32 bits of the fraction of abs(sin(i + 1)).
constexpr std::array<uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
    0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
    0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

// Steps of the same round use these rotations in turn.
constexpr int kRotations[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

uint32_t Mix(size_t round, uint32_t b, uint32_t c, uint32_t d) noexcept {
  switch (round) {
    case 0:
      return (b & c) | (~b & d);
    case 1:
      return (b & d) | (c & ~d);
    case 2:
      return b ^ c ^ d;
    default:
      return c ^ (b | ~d);
  }
}

// The word of the block that a step adds.
size_t WordOf(size_t round, size_t step) noexcept {
  constexpr size_t kFactors[] = {1, 5, 3, 7};
  constexpr size_t kOffsets[] = {0, 1, 5, 0};
  return (kFactors[round] * step + kOffsets[round]) % 16;
}

void AddBlock(const char* block, Md5Digest& digest) noexcept {
  std::array<uint32_t, 16> words;
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = internal::LoadLittleEndian<uint32_t>(block + 4 * i);
  }
  auto [a, b, c, d] = digest;
  for (size_t step = 0; step < kSines.size(); ++step) {
    const size_t round = step / 16;
    const uint32_t sum =
        a + Mix(round, b, c, d) + words[WordOf(round, step)] + kSines[step];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kRotations[round][step % 4]);
  }
  digest[0] += a;
  digest[1] += b;
  digest[2] += c;
  digest[3] += d;
}

}  // namespace

Md5Digest Md5(std::string_view message) noexcept {
  Md5Digest digest = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string_view rest = message;
  for (; rest.size() >= kBlockBytes; rest.remove_prefix(kBlockBytes)) {
    AddBlock(rest.data(), digest);
  }
  // The rest is followed by a one bit, zeros, and the length in bits at the end
  // of a block.
  std::array<char, 2 * kBlockBytes> end = {};
  *std::ranges::copy(rest, end.begin()).out = '\x80';
  const size_t end_bytes =
      rest.size() + 1 + kLengthBytes <= kBlockBytes ? kBlockBytes : end.size();
  internal::StoreLittleEndian<uint64_t>(uint64_t{message.size()} * 8,
                                        end.data() + end_bytes - kLengthBytes);
  for (size_t at = 0; at < end_bytes; at += kBlockBytes) {
    AddBlock(end.data() + at, digest);
  }
  return digest;
}

}  // namespace appcache::memcache
