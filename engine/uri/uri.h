// Uri: what the URI of a cache says, taken apart and decoded.
//
//   redis://ada:secret@[::1]:6379/0?prefix=app&timeout=50ms
//   memcached://a,b:11212,c
//   sqlite:/var/cache/app/cache.db?max_bytes=64MiB
//   tiered:memory:app?max_entries=50000|redis://cache.example|max_staleness=1s
//
// One scheme is different: tiered: has two URIs and then its own options, with
// a | between two. (In the two, a | is written %7C.)
//
// RFC 3986, but for three things. There may be several hosts, with a comma
// between two. Where an escape is not needed to tell the parts apart it need
// not be: a path or a value may hold blanks and UTF-8. And what often stands
// for a password that was not escaped is refused rather than guessed at: a
// second @ before the hosts, an @ among the options, a #.
//
// Of what it is given, an error shows the name of an option, if that could be
// one, and nothing else: anything may be a password that came to the wrong
// place.

#ifndef APPCACHE_ENGINE_URI_URI_H_
#define APPCACHE_ENGINE_URI_URI_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace appcache {

struct Uri {
  struct Host {
    // A name or an address; of IPv6 without its brackets. Never empty.
    std::string name;
    // Never 0.
    std::optional<uint16_t> port;

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
  // With the slash that it begins with, if there is one: "/0" of
  // redis://localhost/0, "cache.db" of sqlite:cache.db.
  std::string path;
  std::vector<Option> options;  // no two of one name
  // Of tiered: alone, the local and the remote cache's. They have none.
  std::vector<Uri> levels;

  bool operator==(const Uri&) const = default;
};

// Longer is kInvalidArgument.
inline constexpr size_t kMaxUriBytes = size_t{8} << 10;

// The scheme that `text` begins with, in lower case; empty if it does not begin
// with one.
std::string SchemeOf(std::string_view text);

// Knows no scheme but tiered: whether one may have hosts, a path and these
// options is for who opens it. kInvalidArgument for anything that is not right.
// Nothing in the result holds a NUL.
Result<Uri> ParseUri(std::string_view text);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_URI_URI_H_
