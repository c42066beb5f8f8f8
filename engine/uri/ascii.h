// Classes of ASCII characters, whatever the locale.

#ifndef APPCACHE_ENGINE_URI_ASCII_H_
#define APPCACHE_ENGINE_URI_ASCII_H_

namespace appcache::internal {

constexpr bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }

// The lower case of a letter; other characters unchanged.
constexpr char Lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool IsLetter(char c) noexcept {
  return Lower(c) >= 'a' && Lower(c) <= 'z';
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_ASCII_H_
