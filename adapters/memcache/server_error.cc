#include "adapters/memcache/server_error.h"

#include <utility>

namespace appcache::memcache {
namespace {

struct Meaning {
  std::string_view beginning;
  ErrorCode code;
  std::string_view told;
};

constexpr Meaning kMeanings[] = {
    {"SERVER_ERROR object too large for cache", ErrorCode::kTooLarge,
     "that the value is too large for it; lower max_item_bytes to its -I, or "
     "raise that"},
    {"SERVER_ERROR out of memory", ErrorCode::kFull,
     "that it has no memory left; give it more (-m), or let it evict (no -M)"},
    {"SERVER_ERROR", ErrorCode::kUnavailable,
     "that it failed (SERVER_ERROR); see its log"},
    {"ERROR Too many open connections", ErrorCode::kUnavailable,
     "that it has too many connections; raise its -c, or lower "
     "max_connections"},
    {"CLIENT_ERROR unauthenticated", ErrorCode::kUnavailable,
     "that it wants a password, which this client does not send; start it "
     "without one"},
    {"CLIENT_ERROR object too large for cache", ErrorCode::kTooLarge,
     "that the value is too large for it; lower max_item_bytes to its -I, or "
     "raise that"},
    {"CLIENT_ERROR", ErrorCode::kUnavailable,
     "that it did not understand (CLIENT_ERROR); is there a proxy that "
     "changes what it passes on?"},
    {"ERROR", ErrorCode::kUnsupported,
     "that it does not know the command; is it memcached 1.6, or all that it "
     "can do?"},
};

}  // namespace

Status ServerError(std::string_view line, const std::string& server) {
  std::string message = server + " answered ";
  for (const Meaning& meaning : kMeanings) {
    if (!line.starts_with(meaning.beginning)) continue;
    message += meaning.told;
    return Status(meaning.code, std::move(message));
  }
  message += "an error that a cache does not expect";
  return Status(ErrorCode::kUnavailable, std::move(message));
}

bool IsInStepAfter(std::string_view line) noexcept {
  return line.starts_with("SERVER_ERROR");
}

}  // namespace appcache::memcache
