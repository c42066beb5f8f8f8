#include "adapters/redis/watch_subscription.h"

#include <utility>

#include "adapters/redis/result.h"
#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

// The channel of invalidation messages in RESP2 ("Client-side caching in
// Redis").
constexpr std::string_view kTrackingChannel = "__redis__:invalidate";

constexpr std::string_view kTrackingRequirements =
    "Redis 6 or newer, and if it has ACLs +ping +client|id +client|tracking "
    "+subscribe &__redis__:invalidate";
constexpr std::string_view kChannelRequirements =
    "+ping +subscribe +publish &appcache:changed:*";

// The commands that set up a connection for a watch, and their replies.
class Handshake {
 public:
  Handshake(Connection& connection, std::string_view requirements,
            const net::Deadline& deadline, bool& is_refused)
      : connection_(connection),
        requirements_(requirements),
        deadline_(deadline),
        is_refused_(is_refused) {}

  Status Send() { return connection_.Send(deadline_); }

  // Receives the reply to `command`, which must be of that type.
  Status Receive(std::string_view command, Reply::Type type, Reply& reply) {
    Status status = connection_.Receive(reply, deadline_);
    if (!status.ok() || reply.type == type) return status;
    return ToRefusal(connection_.server(), reply, command, requirements_,
                     is_refused_);
  }

  // A link depends on PING, so the handshake finds out whether the user may
  // send it.
  Status ReceivePong() {
    Reply reply;
    return Receive("PING", Reply::Type::kStatus, reply);
  }

  Status ReceiveSubscription() {
    Reply reply;
    return Receive("SUBSCRIBE", Reply::Type::kArray, reply);
  }

 private:
  Connection& connection_;
  const std::string_view requirements_;
  const net::Deadline& deadline_;
  bool& is_refused_;
};

// True when an error reply means that a command is unknown or not permitted.
bool IsRefusal(std::string_view reply) {
  const std::string_view word = reply.substr(0, reply.find(' '));
  return word == "NOPERM" ||
         (word == "ERR" &&
          reply.find("max number of clients") == std::string_view::npos);
}

}  // namespace

Status ToRefusal(const std::string& server, const Reply& reply,
                 std::string_view command, std::string_view requirements,
                 bool& is_refused) {
  if (reply.type != Reply::Type::kError) return UnexpectedReply(reply, server);
  const std::string_view text = reply.bytes.view();
  if (!IsRefusal(text)) return ServerError(text, server);
  is_refused = true;
  std::string message = server + " refused ";
  message.append(command).append(" (");
  message.append(text.substr(0, text.find(' ')));
  message.append("); it requires ").append(requirements);
  return Status(ErrorCode::kUnavailable, std::move(message));
}

Status SubscribeToTracking(Connection& connection, std::string_view prefix,
                           const net::Deadline& deadline, bool& is_refused) {
  Handshake handshake(connection, kTrackingRequirements, deadline, is_refused);
  connection.Append({"PING"});
  connection.Append({"CLIENT", "ID"});
  Status status = handshake.Send();
  if (status.ok()) status = handshake.ReceivePong();
  Reply id;
  if (status.ok()) {
    status = handshake.Receive("CLIENT ID", Reply::Type::kInteger, id);
  }
  if (!status.ok()) return status;

  const std::string self = std::to_string(id.integer);
  // Without PREFIX, the server notifies of all keys.
  if (prefix.empty()) {
    connection.Append({"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST"});
  } else {
    connection.Append({"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST",
                       "PREFIX", prefix});
  }
  connection.Append({"SUBSCRIBE", kTrackingChannel});
  status = handshake.Send();
  Reply tracking;
  if (status.ok()) {
    status =
        handshake.Receive("CLIENT TRACKING", Reply::Type::kStatus, tracking);
  }
  return status.ok() ? handshake.ReceiveSubscription() : status;
}

Status SubscribeToChannel(Connection& connection, std::string_view channel,
                          const net::Deadline& deadline, bool& is_refused) {
  Handshake handshake(connection, kChannelRequirements, deadline, is_refused);
  connection.Append({"PING"});
  connection.Append({"SUBSCRIBE", channel});
  Status status = handshake.Send();
  if (status.ok()) status = handshake.ReceivePong();
  return status.ok() ? handshake.ReceiveSubscription() : status;
}

}  // namespace appcache::redis
