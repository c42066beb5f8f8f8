#include "tools/command/text/suggest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace appcache::command {
namespace {

constexpr size_t kMaxLength = 64;

// In lower case, without the leading dashes.
std::string Normalized(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  std::string normalized(word);
  for (char& c : normalized) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normalized;
}

// The number of characters to insert, remove, replace, or exchange with their
// neighbour (the "optimal string alignment" distance). REQUIRES: both have at
// most kMaxLength characters.
size_t Distance(std::string_view a, std::string_view b) {
  // Row i has the distances of the first i characters of `a` to each beginning
  // of `b`. Three rows are enough: an exchange looks back by two.
  std::array<std::array<size_t, kMaxLength + 1>, 3> rows;
  auto* before = &rows[0];
  auto* previous = &rows[1];
  auto* row = &rows[2];
  for (size_t j = 0; j <= b.size(); ++j) (*row)[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, previous);
    std::swap(previous, row);
    (*row)[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = (*previous)[j - 1] + (a[i - 1] != b[j - 1]);
      size_t& least = (*row)[j];
      least = std::min({(*previous)[j] + 1, (*row)[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        least = std::min(least, (*before)[j - 2] + 1);
      }
    }
  }
  return (*row)[b.size()];
}

std::string OnlyStartingWith(const std::string& word,
                             const std::vector<std::string>& candidates) {
  std::string found;
  for (const std::string& candidate : candidates) {
    if (!Normalized(candidate).starts_with(word)) continue;
    if (!found.empty()) return "";
    found = candidate;
  }
  return found;
}

}  // namespace

std::string Suggest(std::string_view word,
                    const std::vector<std::string>& candidates) {
  if (word.size() > kMaxLength) return "";
  const std::string typed = Normalized(word);
  if (typed.empty()) return "";
  std::string nearest;
  size_t least = kMaxLength;
  for (const std::string& candidate : candidates) {
    const std::string name = Normalized(candidate);
    // Every letter is one replacement away from a name of one letter.
    if (name.size() < 2 || name.size() > kMaxLength) continue;
    const size_t distance = Distance(typed, name);
    if (distance <= std::max<size_t>(name.size() / 3, 1) && distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  if (!nearest.empty() || typed.size() < 2) return nearest;
  return OnlyStartingWith(typed, candidates);
}

std::string DidYouMean(std::string_view word,
                       const std::vector<std::string>& candidates) {
  const std::string suggestion = Suggest(word, candidates);
  return suggestion.empty() ? "" : "; did you mean " + suggestion + "?";
}

}  // namespace appcache::command
