#include "adapters/redis/server_error.h"

#include <cerrno>
#include <utility>

namespace appcache::redis {
namespace {

enum class Server {
  kRight,
  kWrong,         // it should not have been asked: IsWrongServer
  kReadOnly,      // it refuses writes, and can be read
  kWrongReadOnly  // both
};

struct Meaning {
  std::string_view word;
  ErrorCode code;
  std::string_view advice;
  Server server = Server::kRight;
};

constexpr Meaning kMeanings[] = {
    {"LOADING", ErrorCode::kUnavailable,
     "it is loading its data; retry in a moment", Server::kWrong},
    {"OOM", ErrorCode::kFull,
     "it has reached maxmemory and may not evict; raise maxmemory, or set "
     "maxmemory-policy to allkeys-lru"},
    {"READONLY", ErrorCode::kUnavailable,
     "it is a read-only replica; use the primary's address",
     Server::kWrongReadOnly},
    {"MASTERDOWN", ErrorCode::kUnavailable,
     "it is a replica that has lost its primary; check the primary",
     Server::kWrong},
    {"NOREPLICAS", ErrorCode::kUnavailable,
     "it has too few replicas to accept writes; check them",
     Server::kWrongReadOnly},
    {"MISCONF", ErrorCode::kUnavailable,
     "it cannot save to disk and refuses writes; see its log",
     Server::kReadOnly},
    {"NOAUTH", ErrorCode::kUnavailable,
     "it requires a password; set user and password", Server::kWrong},
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
     "its cluster is down, and this client does not support clusters",
     Server::kWrong},
    {"BUSY", ErrorCode::kBusy, "it is busy running a script; retry later"},
    {"TRYAGAIN", ErrorCode::kBusy, "it is moving keys; retry later"},
};

std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find(' '));
}

const Meaning* FindMeaning(std::string_view reply) {
  const std::string_view word = FirstWord(reply);
  for (const Meaning& meaning : kMeanings) {
    if (meaning.word == word) return &meaning;
  }
  return nullptr;
}

// True for a word like Redis's error codes. Anything else is not shown: it may
// be a password that the server repeats, or control a terminal.
bool IsErrorCode(std::string_view word) {
  constexpr size_t kMaxBytes = 40;
  return !word.empty() && word.size() <= kMaxBytes &&
         word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
             std::string_view::npos;
}

}  // namespace

bool IsWrongServer(std::string_view reply) {
  const Meaning* const meaning = FindMeaning(reply);
  return meaning != nullptr && (meaning->server == Server::kWrong ||
                                meaning->server == Server::kWrongReadOnly);
}

Status ServerError(std::string_view reply, const std::string& server) {
  std::string message = server + " replied ";
  if (const Meaning* const meaning = FindMeaning(reply)) {
    message.append(meaning->word).append(": ").append(meaning->advice);
    const bool refuses_writes = meaning->server == Server::kReadOnly ||
                                meaning->server == Server::kWrongReadOnly;
    return Status(meaning->code, std::move(message),
                  refuses_writes ? EROFS : 0);
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
  message += "with an unexpected error";
  const std::string_view word = FirstWord(reply);
  if (IsErrorCode(word)) message.append(": ").append(word);
  return Status(ErrorCode::kUnavailable, std::move(message));
}

}  // namespace appcache::redis
