// Uri: the URI of a cache, parsed and decoded.
//
//   redis://ada:secret@[::1]:6379/0?prefix=app&timeout=50ms
//   memcached://a,b:11212,c
//   sqlite:/var/cache/app/cache.db?max_bytes=64MiB
//   tiered:memory:app?max_entries=50000|redis://cache.example|max_staleness=1s
//
// The scheme tiered: is different: it consists of two URIs and of options of
// its own, separated by |. (In the two URIs, | is escaped as %7C.)
//
// The syntax is that of RFC 3986, with three exceptions:
//
// - There may be several hosts, separated by commas.
// - Only characters that separate parts have to be escaped: a path or a value
//   may contain blanks and UTF-8.
// - Forms that usually result from a password that was not escaped are errors:
//   a second @ before the hosts, an @ among the options, and a #.
//
// Error messages never contain a part of the text, except a well-formed name of
// an option: every other part may be a misplaced password.

#ifndef APPCACHE_ENGINE_URI_URI_H_
#define APPCACHE_ENGINE_URI_URI_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::internal {

struct Uri {
  struct Host {
    std::string name;  // or address, of IPv6 without brackets; never empty
    std::optional<uint16_t> port;  // never 0

    bool operator==(const Host&) const = default;
  };
  struct Option {
    std::string name;  // of a-z, 0-9 and _, never empty
    std::string value;

    bool operator==(const Option&) const = default;
  };

  std::string scheme;  // lower case
  std::string user;
  std::string password;
  std::vector<Host> hosts;
  // Includes a leading slash: "/0" of redis://localhost/0, "cache.db" of
  // sqlite:cache.db.
  std::string path;
  std::vector<Option> options;  // with distinct names
  // The URIs of the local and the remote cache of tiered:, whose own levels are
  // empty. Empty for other schemes.
  std::vector<Uri> levels;

  bool operator==(const Uri&) const = default;
};

// Longer URIs are kInvalidArgument.
inline constexpr size_t kMaxUriBytes = size_t{8} << 10;

// The scheme that `text` starts with, in lower case. Empty when it starts with
// none.
std::string SchemeOf(std::string_view text);

// Parses a URI. kInvalidArgument when it is malformed. Treats all schemes
// alike, except tiered: the opener of a scheme (scheme_registry.h) checks that
// hosts, path and options are those of its scheme. No part of the result
// contains a NUL.
Result<Uri> ParseUri(std::string_view text);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_URI_H_
