#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

struct Meaning {
  std::string_view word;
  ErrorCode code;
  std::string_view advice;
};

constexpr Meaning kMeanings[] = {
    {"LOADING", ErrorCode::kUnavailable,
     "it is loading its data; it will be there in a moment"},
    {"OOM", ErrorCode::kFull,
     "it has reached its maxmemory and may not evict; raise it, or set "
     "maxmemory-policy to allkeys-lru"},
    {"READONLY", ErrorCode::kUnavailable,
     "it is a read-only replica; use the primary's address"},
    {"MASTERDOWN", ErrorCode::kUnavailable,
     "it is a replica that has lost its primary"},
    {"NOREPLICAS", ErrorCode::kUnavailable,
     "it has too few replicas to accept writes"},
    {"MISCONF", ErrorCode::kUnavailable,
     "it cannot save to disk and refuses writes; see its log"},
    {"NOAUTH", ErrorCode::kUnavailable,
     "it wants a password; set user and password"},
    {"WRONGPASS", ErrorCode::kUnavailable,
     "it refused the user or the password"},
    {"NOPERM", ErrorCode::kUnsupported,
     "the user may not run this command, or not on this key; give it its keys "
     "and +get +set +del +mget +pttl +multi +exec, +scan for prefixes, "
     "+flushdb for clear"},
    {"WRONGTYPE", ErrorCode::kCorrupt,
     "the key holds no string: something else than a cache has written it"},
    {"MOVED", ErrorCode::kUnsupported,
     "it is a node of a cluster, which this client does not follow; use a "
     "proxy, or a server of its own"},
    {"ASK", ErrorCode::kUnsupported,
     "it is a node of a cluster, which this client does not follow; use a "
     "proxy, or a server of its own"},
    {"CLUSTERDOWN", ErrorCode::kUnavailable, "its cluster is down"},
    {"BUSY", ErrorCode::kBusy, "it is busy running a script"},
    {"TRYAGAIN", ErrorCode::kBusy, "it is moving keys"},
};

std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find(' '));
}

}  // namespace

Status ServerError(std::string_view reply, const std::string& server) {
  const std::string_view word = FirstWord(reply);
  std::string message = server + " answered ";
  for (const Meaning& meaning : kMeanings) {
    if (meaning.word != word) continue;
    message.append(word).append(": ").append(meaning.advice);
    return Status(meaning.code, std::move(message));
  }
  if (reply.find("max number of clients") != std::string_view::npos) {
    message +=
        "that it has too many clients; raise its maxclients, or lower "
        "max_connections";
    return Status(ErrorCode::kUnavailable, std::move(message));
  }
  if (reply.find("DB index is out of range") != std::string_view::npos) {
    message += "that it has no database of that number";
    return Status(ErrorCode::kInvalidArgument, std::move(message));
  }
  // Such a text may go on with the arguments.
  message.append("an error that a cache does not expect: ");
  message.append(word.substr(0, 40));
  return Status(ErrorCode::kUnavailable, std::move(message));
}

}  // namespace appcache::redis
