// PickleLexer: cuts a pickle into its instructions. Knows all of them, runs
// none, and reads nothing beyond the end of its input.
//
// The instructions are those of the comments in Python's module pickletools.

#ifndef APPCACHE_ENGINE_CODEC_PICKLE_LEXER_H_
#define APPCACHE_ENGINE_CODEC_PICKLE_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace appcache::internal {

struct PickleInstruction {
  unsigned char code = 0;
  // The bytes after the code: without the size in front of a string, and
  // without the line feed at the end of a line. Of two lines both, with the
  // line feed between them.
  std::string_view argument;
};

class PickleLexer {
 public:
  explicit PickleLexer(std::string_view bytes) noexcept : rest_(bytes) {}

  // The next instruction. None at the end, or if what is left does not begin
  // with one.
  std::optional<PickleInstruction> Next() noexcept;
  bool is_at_end() const noexcept { return rest_.empty(); }

 private:
  std::optional<std::string_view> TakeSized(size_t size_bytes) noexcept;
  std::optional<std::string_view> TakeLine() noexcept;
  std::optional<std::string_view> TakeTwoLines() noexcept;
  std::optional<std::string_view> Take(uint64_t size) noexcept;

  std::string_view rest_;
};

// The number in little-endian `bytes`, of which there are at most 8.
uint64_t LittleEndian(std::string_view bytes) noexcept;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_CODEC_PICKLE_LEXER_H_
