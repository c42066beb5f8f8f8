// ByteWriter and ByteReader: little-endian numbers and length-prefixed bytes,
// the building blocks of the command's file formats. A reader never reads past
// the end of its input, whatever a length field says.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_BYTE_CODEC_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_BYTE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/support/byte_order.h"

namespace appcache::command {

class ByteWriter {
 public:
  // Writes sizeof(T) bytes.
  template <internal::StorableInteger T>
  void Number(T number) {
    char bytes[sizeof(T)];
    internal::StoreLittleEndian<T>(number, bytes);
    bytes_.append(bytes, sizeof(T));
  }

  void Raw(std::string_view bytes) { bytes_.append(bytes); }

  // Writes a 64-bit length, then the bytes.
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

// Each function returns false, and leaves its out-parameter unchanged, when too
// few bytes remain.
class ByteReader {
 public:
  // `bytes` must outlive the reader and the views that it returns.
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <internal::StorableInteger T>
  bool Number(T& number) noexcept {
    if (rest_.size() < sizeof(T)) return false;
    number = internal::LoadLittleEndian<T>(rest_.data());
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

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_BYTE_CODEC_H_
