// Glob: a pattern of key paths.
//
//   *      any characters, also none, and also /
//   ?      one character
//   [abc]  one of these characters; [a-z] a range; [!abc] or [^abc] any other
//   \c     the character c, whatever it means otherwise
//
// A character is one of UTF-8, or a byte that belongs to none. Letters match
// only in their own case.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_GLOB_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_GLOB_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/error.h"

namespace appcache::command {

class Glob {
 public:
  // kInvalidArgument when a [ is not closed, is empty or has a range that ends
  // before it begins, or when the pattern ends with a backslash.
  static Result<Glob> Parse(std::string_view pattern);

  // The pattern that matches `text` and nothing else.
  static std::string Escape(std::string_view text);

  bool Matches(std::string_view text) const;

  // What every text that matches starts with.
  const std::string& literal_prefix() const noexcept { return prefix_; }

 private:
  // A code point, or kByte and a byte.
  using Character = uint32_t;
  static constexpr Character kByte = 0x110000;

  struct Token {
    enum class Kind { kCharacter, kAnyCharacter, kAnyText, kSet };
    Kind kind;
    Character character = 0;
    bool is_negated = false;
    std::vector<std::pair<Character, Character>> ranges = {};

    bool Matches(Character other) const;
  };

  Glob() = default;
  // Takes the first character of `text`. REQUIRES: !text.empty().
  static Character Take(std::string_view& text);
  // The rest of a set, after its [.
  static Result<Token> ParseSet(std::string_view& pattern);

  std::vector<Token> tokens_;
  std::string prefix_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_GLOB_H_
