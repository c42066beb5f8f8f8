// Integers as bytes, in a byte order that is the same on every machine: for
// file and wire formats.
//
//   char header[12];
//   StoreLittleEndian<uint32_t>(kVersion, header);
//   StoreLittleEndian<int64_t>(expiry_us, header + 4);
//   const auto version = LoadLittleEndian<uint32_t>(header);
//
// Every call names the type, because the type is the number of bytes in the
// format. Signed numbers are stored in two's complement. The bytes need no
// alignment.

#ifndef APPCACHE_ENGINE_SUPPORT_BYTE_ORDER_H_
#define APPCACHE_ENGINE_SUPPORT_BYTE_ORDER_H_

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace appcache::internal {

template <class T>
concept StorableInteger =
    std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= sizeof(uint64_t);

// Converts between this machine's byte order and `order`, in either direction.
// Uses builtins because not every compiler recognises a loop over the bytes as
// one instruction.
template <std::endian order, StorableInteger T>
T ConvertByteOrder(T number) noexcept {
  static_assert(std::endian::native == std::endian::little ||
                std::endian::native == std::endian::big);
  if constexpr (order == std::endian::native || sizeof(T) == 1) {
    return number;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(number)));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(number)));
  } else {
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(number)));
  }
}

// Each Store writes sizeof(T) bytes to `to`; each Load reads sizeof(T) bytes.

// Least significant byte first.
template <StorableInteger T>
void StoreLittleEndian(std::type_identity_t<T> number, char* to) noexcept {
  const T converted = ConvertByteOrder<std::endian::little, T>(number);
  std::memcpy(to, &converted, sizeof(T));
}
template <StorableInteger T>
T LoadLittleEndian(const char* from) noexcept {
  T stored;
  std::memcpy(&stored, from, sizeof(T));
  return ConvertByteOrder<std::endian::little, T>(stored);
}

// Most significant byte first. Unsigned numbers then sort like their bytes.
template <StorableInteger T>
void StoreBigEndian(std::type_identity_t<T> number, char* to) noexcept {
  const T converted = ConvertByteOrder<std::endian::big, T>(number);
  std::memcpy(to, &converted, sizeof(T));
}
template <StorableInteger T>
T LoadBigEndian(const char* from) noexcept {
  T stored;
  std::memcpy(&stored, from, sizeof(T));
  return ConvertByteOrder<std::endian::big, T>(stored);
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_BYTE_ORDER_H_
