// UriOptions: an opener takes its options from a URI, one by one.
//
//   options.Duration("timeout", redis.timeout);
//   options.Count("max_connections", redis.max_connections);
//   if (Status status = options.Done(); !status.ok()) return status;
//
// A target is left alone when the URI does not have the option. What is wrong
// is told by Done, so that it can list all that were asked for:
// kInvalidArgument that names the option and says what is right, never what its
// value was.

#ifndef APPCACHE_ENGINE_URI_URI_OPTIONS_H_
#define APPCACHE_ENGINE_URI_URI_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/uri/units.h"
#include "engine/uri/uri.h"

namespace appcache {

class UriOptions {
 public:
  // `uri` must outlive this. So must every name that is asked for: literals.
  explicit UriOptions(const Uri& uri) : uri_(uri) {}

  void Text(std::string_view name, std::string& target);

  // As ParseDuration takes it: 50ms, 10s.
  void Duration(std::string_view name, std::chrono::milliseconds& target);

  // As ParseSize takes it: 64MiB. T is uint64_t, or an optional of it.
  template <class T>
  void Size(std::string_view name, T& target) {
    Assign(name, ParseSize, target);
  }

  // From 1 on, as far as T goes.
  template <class T>
  void Count(std::string_view name, T& target) {
    Number(name, 1, target);
  }

  // From `least` on, as far as T goes.
  template <class T>
  void Number(std::string_view name, uint64_t least, T& target) {
    const auto parse = [least](std::string_view text) {
      return ParseNumber(text, least, std::numeric_limits<T>::max());
    };
    Assign(name, parse, target);
  }

  // One of the words that `values` has, and its value.
  template <class T>
  void Choice(std::string_view name,
              std::initializer_list<std::pair<std::string_view, T>> values,
              T& target) {
    const auto text = Take(name);
    if (!text) return;
    std::string words;
    for (const auto& [word, value] : values) {
      if (word == *text) {
        target = value;
        return;
      }
      words.append(words.empty() ? "it must be one of " : ", ").append(word);
    }
    Refuse(name, words);
  }

  // Numbers from 1 on with a comma between two: 2,1,1.
  void Counts(std::string_view name, std::vector<uint32_t>& target);

  // The first value that was wrong; an option that nobody has asked for.
  Status Done() const;

 private:
  // Notes that there is an option of this name; its value, if it is given.
  std::optional<std::string_view> Take(std::string_view name);

  template <class Parse, class T>
  void Assign(std::string_view name, const Parse& parse, T& target) {
    const auto text = Take(name);
    if (!text) return;
    const Result<uint64_t> parsed = parse(*text);
    if (!parsed.ok()) return Refuse(name, parsed.error().message);
    target = static_cast<T>(*parsed);
  }

  void Refuse(std::string_view name, const std::string& what_is_right);

  const Uri& uri_;
  std::vector<std::string_view> known_;
  Status wrong_value_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_URI_URI_OPTIONS_H_
