// Numbers as bytes, in one order on every machine.

#ifndef APPCACHE_ADAPTERS_LMDB_NUMBERS_H_
#define APPCACHE_ADAPTERS_LMDB_NUMBERS_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace appcache::lmdb {

// `number` with its bytes in that order. One instruction, or none: a loop over
// the bytes is not recognised by every compiler.
template <std::endian order, class T>
T Ordered(T number) noexcept {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (order == std::endian::native) {
    return number;
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(number);
  } else {
    return __builtin_bswap64(number);
  }
}

template <std::endian order, class T>
void Store(T number, char* to) noexcept {
  const T ordered = Ordered<order>(number);
  std::memcpy(to, &ordered, sizeof(T));
}

template <std::endian order, class T>
T Load(const char* from) noexcept {
  T ordered;
  std::memcpy(&ordered, from, sizeof(T));
  return Ordered<order>(ordered);
}

// Least significant byte first. T is uint32_t or uint64_t.
template <class T>
void StoreLittle(T number, char* to) noexcept {
  Store<std::endian::little>(number, to);
}
template <class T>
T LoadLittle(const char* from) noexcept {
  return Load<std::endian::little, T>(from);
}

// Most significant byte first, so that they sort as bytes.
inline void StoreBig(uint64_t number, char* to) noexcept {
  Store<std::endian::big>(number, to);
}
inline uint64_t LoadBig(const char* from) noexcept {
  return Load<std::endian::big, uint64_t>(from);
}

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_NUMBERS_H_
