// Little-endian numbers and length-prefixed bytes, as the command's own formats
// are made of. Reading never goes past the end, whatever a length claims.

#ifndef APPCACHE_TOOLS_COMMAND_BYTE_CODEC_H_
#define APPCACHE_TOOLS_COMMAND_BYTE_CODEC_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace appcache::command {

class ByteWriter {
 public:
  // As many bytes as T has.
  template <std::integral T>
  void Number(T number) {
    auto bits = static_cast<std::make_unsigned_t<T>>(number);
    for (size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<char>(bits >> (8 * i) & 0xFF));
    }
  }

  void Raw(std::string_view bytes) { bytes_.append(bytes); }

  // A 64-bit length, and the bytes.
  void Prefixed(std::string_view bytes) {
    Number<uint64_t>(bytes.size());
    Raw(bytes);
  }

  size_t size() const noexcept { return bytes_.size(); }
  std::string_view view() const noexcept { return bytes_; }
  void Clear() noexcept { bytes_.clear(); }
  std::string Take() { return std::exchange(bytes_, std::string()); }

 private:
  std::string bytes_;
};

// Each function returns false, and leaves its out-parameter as it was, when
// fewer bytes are left than it needs.
class ByteReader {
 public:
  // `bytes` must outlive the reader and the views that it yields.
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <std::integral T>
  bool Number(T& number) noexcept {
    if (rest_.size() < sizeof(T)) return false;
    std::make_unsigned_t<T> bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      const auto byte = static_cast<uint8_t>(rest_[i]);
      bits |= static_cast<std::make_unsigned_t<T>>(
          static_cast<std::make_unsigned_t<T>>(byte) << (8 * i));
    }
    number = static_cast<T>(bits);
    rest_.remove_prefix(sizeof(T));
    return true;
  }

  bool Raw(uint64_t size, std::string_view& bytes) noexcept {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  bool Prefixed(std::string_view& bytes) noexcept {
    uint64_t size = 0;
    return Number(size) && Raw(size, bytes);
  }

  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_BYTE_CODEC_H_
