// Numbers as bytes, in one order on every machine.

#ifndef APPCACHE_ADAPTERS_LMDB_NUMBERS_H_
#define APPCACHE_ADAPTERS_LMDB_NUMBERS_H_

#include <cstddef>
#include <cstdint>

namespace appcache::lmdb {

// Least significant byte first. T is unsigned.
template <class T>
void StoreLittle(T number, char* to) noexcept {
  for (size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>((number >> (8 * i)) & 0xff);
  }
}

template <class T>
T LoadLittle(const char* from) noexcept {
  T number = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    number = static_cast<T>(number |
                            static_cast<T>(static_cast<unsigned char>(from[i]))
                                << (8 * i));
  }
  return number;
}

// Most significant byte first, so that they sort as bytes.
inline void StoreBig(uint64_t number, char* to) noexcept {
  for (size_t i = 0; i < sizeof(number); ++i) {
    to[i] = static_cast<char>((number >> (8 * (7 - i))) & 0xff);
  }
}

inline uint64_t LoadBig(const char* from) noexcept {
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(number); ++i) {
    number = number << 8 | static_cast<unsigned char>(from[i]);
  }
  return number;
}

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_NUMBERS_H_
