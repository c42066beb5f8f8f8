// KeyPath: the string under which a backend stores a value.
//
// `prefix/segment/segment`, joined with '/' and with nothing escaped: byte for
// byte the key that pyappcache builds from the same prefix and segments, so
// that programs in both languages share a server. Because nothing is escaped,
// the one segment "a/b" and the two segments "a", "b" name the same entry.

#ifndef APPCACHE_KEY_PATH_H_
#define APPCACHE_KEY_PATH_H_

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "appcache/require_cxx20.h"

namespace appcache {

// The integer types that are numbers to a reader. bool and the character types
// are refused at compile time, because it is unclear how to print them.
template <class T>
concept SegmentNumber =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
    !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// Not thread-safe; meant to live on the stack for one call.
class KeyPath {
 public:
  // A path of up to this length does not allocate.
  static constexpr size_t kInlineBytes = 256;

  KeyPath() noexcept = default;
  explicit KeyPath(std::string_view first_segment) { Segment(first_segment); }

  // Appends a segment of any bytes; it may be empty. Throws std::bad_alloc when
  // the path exceeds kInlineBytes and memory is exhausted.
  KeyPath& Segment(std::string_view segment) {
    if (has_segments_) Append("/");
    Append(segment);
    has_segments_ = true;
    return *this;
  }

  // Appends a number in decimal, as Python's str() prints it.
  template <SegmentNumber T>
  KeyPath& Segment(T number) {
    std::array<char, 24> text;
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return Segment(
        std::string_view(text.data(), static_cast<size_t>(end - text.data())));
  }

  // Valid until the next Segment() or until this object is destroyed.
  std::string_view view() const noexcept {
    return heap_.empty() ? std::string_view(inline_.data(), inline_size_)
                         : std::string_view(heap_);
  }

 private:
  void Append(std::string_view text) {
    if (heap_.empty() && text.size() <= kInlineBytes - inline_size_) {
      text.copy(inline_.data() + inline_size_, text.size());
      inline_size_ += text.size();
      return;
    }
    if (heap_.empty()) heap_.assign(inline_.data(), inline_size_);
    heap_.append(text);
  }

  // The path is in heap_ once that is not empty; before that, in inline_.
  std::array<char, kInlineBytes> inline_;
  size_t inline_size_ = 0;
  std::string heap_;
  bool has_segments_ = false;
};

}  // namespace appcache

#endif  // APPCACHE_KEY_PATH_H_
