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
     "it is loading its data; retry in a moment"},
    {"OOM", ErrorCode::kFull,
     "it has reached maxmemory and may not evict; raise maxmemory, or set "
     "maxmemory-policy to allkeys-lru"},
    {"READONLY", ErrorCode::kUnavailable,
     "it is a read-only replica; use the primary's address"},
    {"MASTERDOWN", ErrorCode::kUnavailable,
     "it is a replica that has lost its primary; check the primary"},
    {"NOREPLICAS", ErrorCode::kUnavailable,
     "it has too few replicas to accept writes; check them"},
    {"MISCONF", ErrorCode::kUnavailable,
     "it cannot save to disk and refuses writes; see its log"},
    {"NOAUTH", ErrorCode::kUnavailable,
     "it requires a password; set user and password"},
    {"WRONGPASS", ErrorCode::kUnavailable,
     "it rejected the user or the password; check them"},
    {"NOPERM", ErrorCode::kUnsupported,
     "the user may not run this command, or not on this key; permit its keys "
     "and +get +set +del +mget +pttl +multi +exec, +scan for InvalidatePrefix, "
     "+flushdb for Clear"},
    {"WRONGTYPE", ErrorCode::kCorrupt,
     "the key does not hold a string; was it written by another program?"},
    {"MOVED", ErrorCode::kUnsupported,
     "it is a node of a cluster, which this client does not support; use a "
     "proxy, or a server that is not in a cluster"},
    {"ASK", ErrorCode::kUnsupported,
     "it is a node of a cluster, which this client does not support; use a "
     "proxy, or a server that is not in a cluster"},
    {"CLUSTERDOWN", ErrorCode::kUnavailable,
     "its cluster is down, and this client does not support clusters"},
    {"BUSY", ErrorCode::kBusy, "it is busy running a script; retry later"},
    {"TRYAGAIN", ErrorCode::kBusy, "it is moving keys; retry later"},
};

std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find(' '));
}

}  // namespace

Status ServerError(std::string_view reply, const std::string& server) {
  const std::string_view word = FirstWord(reply);
  std::string message = server + " replied ";
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
    message +=
        "that the database number is out of range; lower it, or raise the "
        "server's setting databases";
    return Status(ErrorCode::kInvalidArgument, std::move(message));
  }
  // The rest of the text may repeat the command's arguments.
  message.append("with an unexpected error: ").append(word.substr(0, 40));
  return Status(ErrorCode::kUnavailable, std::move(message));
}

}  // namespace appcache::redis
