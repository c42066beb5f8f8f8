// UriOptions: moves the options of a URI to the fields of an options struct.
//
//   options.Duration("timeout", redis.timeout);
//   options.Count("max_connections", redis.max_connections);
//   if (Status status = options.Done(); !status.ok()) return status;
//
// An opener of a scheme (scheme_registry.h) calls one function for each option
// that it supports. The target is unchanged when the URI does not have the
// option, or has an invalid value. Done then returns the first error, with the
// name of the option and the values that are valid; never with the value.

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

#include "appcache/error.h"
#include "appcache/export.h"
#include "engine/uri/units.h"
#include "engine/uri/uri.h"

namespace appcache::internal {

// Not thread-safe.
class APPCACHE_EXPORT UriOptions {
 public:
  // `uri`, and all names that are passed to the functions below, must outlive
  // this object.
  explicit UriOptions(const Uri& uri) : uri_(uri) {}

  // Any text.
  void Text(std::string_view name, std::string& target);

  // As for ParseDuration: 50ms, 10s.
  void Duration(std::string_view name, std::chrono::milliseconds& target);

  // As for ParseSize: 64MiB. T is uint64_t or std::optional<uint64_t>.
  template <class T>
  void Size(std::string_view name, T& target) {
    Assign(name, ParseSize, target);
  }

  // A number that is at least 1 and at most the largest T.
  template <class T>
  void Count(std::string_view name, T& target) {
    Number(name, 1, target);
  }

  // A number that is at least `least` and at most the largest T.
  template <class T>
  void Number(std::string_view name, uint64_t least, T& target) {
    const auto parse = [least](std::string_view text) {
      return ParseNumber(text, least, std::numeric_limits<T>::max());
    };
    Assign(name, parse, target);
  }

  // One of the words of `values`. Stores the value that belongs to it.
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
    Reject(name, words);
  }

  // Numbers that are at least 1, separated by commas: 2,1,1.
  void Counts(std::string_view name, std::vector<uint32_t>& target);

  // To be called last. kInvalidArgument when a value was invalid, or when the
  // URI has an option that none of the calls named.
  Status Done() const;

 private:
  // Adds `name` to the supported options. Its value, if the URI has it.
  std::optional<std::string_view> Take(std::string_view name);

  template <class Parse, class T>
  void Assign(std::string_view name, const Parse& parse, T& target) {
    const auto text = Take(name);
    if (!text) return;
    const Result<uint64_t> parsed = parse(*text);
    if (!parsed.ok()) return Reject(name, parsed.error().message);
    target = static_cast<T>(*parsed);
  }

  // Records the error of an invalid value.
  void Reject(std::string_view name, const std::string& reason);

  const Uri& uri_;
  std::vector<std::string_view> supported_;
  Status first_error_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_URI_OPTIONS_H_
