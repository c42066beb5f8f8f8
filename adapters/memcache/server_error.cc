#include "adapters/memcache/server_error.h"

#include <cassert>
#include <utility>

namespace appcache::memcache {
namespace {

struct Meaning {
  std::string_view line_start;
  ErrorCode code;
  std::string_view advice;
};

constexpr std::string_view kTooLarge =
    "the value is too large for it; lower max_item_bytes to its -I, or raise "
    "its -I";

// The first that matches applies.
constexpr Meaning kMeanings[] = {
    {"SERVER_ERROR object too large for cache", ErrorCode::kTooLarge,
     kTooLarge},
    {"SERVER_ERROR out of memory", ErrorCode::kFull,
     "it is out of memory; give it more (-m), or let it evict (no -M)"},
    {"SERVER_ERROR", ErrorCode::kUnavailable, "it failed; see its log"},
    {"ERROR Too many open connections", ErrorCode::kUnavailable,
     "it has too many connections; raise its -c, or lower max_connections"},
    {"CLIENT_ERROR unauthenticated", ErrorCode::kUnavailable,
     "it requires a password, which this client cannot send; start it without "
     "authentication"},
    {"CLIENT_ERROR object too large for cache", ErrorCode::kTooLarge,
     kTooLarge},
    {"CLIENT_ERROR", ErrorCode::kUnavailable,
     "it did not understand the command; check that no proxy changes the "
     "traffic"},
    {"ERROR", ErrorCode::kUnsupported,
     "it does not know the command; check that it is memcached 1.6 or newer, "
     "and that no proxy rejects the command"},
};

}  // namespace

Status ServerError(std::string_view line, const std::string& server) {
  std::string message = server + " replied ";
  for (const Meaning& meaning : kMeanings) {
    if (!line.starts_with(meaning.line_start)) continue;
    const std::string_view word = line.substr(0, line.find(' '));
    message.append(word).append(": ").append(meaning.advice);
    return Status(meaning.code, std::move(message));
  }
  assert(false);  // REQUIRES is violated
  message += "with an unexpected error; see its log";
  return Status(ErrorCode::kUnavailable, std::move(message));
}

bool IsInStepAfter(std::string_view line) noexcept {
  return line.starts_with("SERVER_ERROR");
}

}  // namespace appcache::memcache
