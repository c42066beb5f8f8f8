#include "tools/command/text/glob.h"

#include <algorithm>
#include <cstddef>

#include "engine/support/printable.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

constexpr std::string_view kSpecial = "*?[]\\";

Status Invalid(std::string_view what) {
  return Status(ErrorCode::kInvalidArgument,
                "invalid pattern: " + std::string(what) +
                    "; write a backslash before a character to match it");
}

}  // namespace

bool Glob::Token::Matches(Character other) const {
  if (kind == Kind::kCharacter) return character == other;
  if (kind == Kind::kAnyCharacter) return true;
  const bool is_in =
      std::any_of(ranges.begin(), ranges.end(), [other](const auto& range) {
        return range.first <= other && other <= range.second;
      });
  return is_in != is_negated;
}

Glob::Character Glob::Take(std::string_view& text) {
  const size_t length = internal::CharacterLength(text);
  const Character character = length == 0
                                  ? kByte + static_cast<uint8_t>(text[0])
                                  : internal::CodePoint(text.substr(0, length));
  text.remove_prefix(std::max<size_t>(length, 1));
  return character;
}

std::string Glob::Escape(std::string_view text) {
  std::string pattern;
  for (const char byte : text) {
    if (kSpecial.find(byte) != std::string_view::npos) pattern += '\\';
    pattern += byte;
  }
  return pattern;
}

Result<Glob::Token> Glob::ParseSet(std::string_view& pattern) {
  Token set{Token::Kind::kSet};
  if (pattern.starts_with('!') || pattern.starts_with('^')) {
    set.is_negated = true;
    pattern.remove_prefix(1);
  }
  const auto take = [&](Character& character) {
    if (pattern.starts_with('\\')) pattern.remove_prefix(1);
    if (pattern.empty()) return false;
    character = Take(pattern);
    return true;
  };
  while (!pattern.starts_with(']')) {
    Character first = 0;
    if (!take(first)) return Invalid("a [ has no ]");
    Character last = first;
    if (pattern.size() > 1 && pattern[0] == '-' && pattern[1] != ']') {
      pattern.remove_prefix(1);
      if (!take(last)) return Invalid("a [ has no ]");
    }
    if (last < first) return Invalid("a range ends before it begins");
    set.ranges.emplace_back(first, last);
  }
  pattern.remove_prefix(1);
  if (set.ranges.empty()) return Invalid("a [] is empty");
  return set;
}

Result<Glob> Glob::Parse(std::string_view pattern) {
  Glob glob;
  bool in_prefix = true;
  while (!pattern.empty()) {
    std::string_view rest = pattern.substr(1);
    if (pattern[0] == '*') {
      in_prefix = false;
      glob.tokens_.push_back({Token::Kind::kAnyText});
    } else if (pattern[0] == '?') {
      in_prefix = false;
      glob.tokens_.push_back({Token::Kind::kAnyCharacter});
    } else if (pattern[0] == '[') {
      in_prefix = false;
      Result<Token> set = ParseSet(rest);
      if (!set.ok()) return set.status();
      glob.tokens_.push_back(*std::move(set));
    } else {
      if (pattern[0] == '\\') pattern.remove_prefix(1);
      if (pattern.empty()) return Invalid("it ends with a backslash");
      rest = pattern;
      glob.tokens_.push_back({Token::Kind::kCharacter, Take(rest)});
      if (in_prefix) {
        glob.prefix_ += pattern.substr(0, pattern.size() - rest.size());
      }
    }
    pattern = rest;
  }
  return glob;
}

// When a character does not match, the last * takes one more. An earlier *
// never has to: what the tokens between the two match can begin as early as it
// was found.
bool Glob::Matches(std::string_view text) const {
  constexpr auto kNone = static_cast<size_t>(-1);
  size_t token = 0;
  size_t star = kNone;          // the last *
  std::string_view after_star;  // the text that it has not taken
  while (!text.empty()) {
    if (token < tokens_.size() &&
        tokens_[token].kind == Token::Kind::kAnyText) {
      star = token++;
      after_star = text;
      continue;
    }
    std::string_view rest = text;
    if (token < tokens_.size() && tokens_[token].Matches(Take(rest))) {
      text = rest;
      ++token;
      continue;
    }
    if (star == kNone) return false;
    Take(after_star);
    text = after_star;
    token = star + 1;
  }
  return std::all_of(
      tokens_.begin() + static_cast<ptrdiff_t>(token), tokens_.end(),
      [](const Token& left) { return left.kind == Token::Kind::kAnyText; });
}

}  // namespace appcache::command
