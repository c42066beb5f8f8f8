#include "adapters/redis/watch_subscription.h"

#include <utility>

#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

// Redis's own, of RESP2 ("Client-side caching in Redis").
constexpr std::string_view kTrackingChannel = "__redis__:invalidate";

constexpr std::string_view kTrackingNeeds =
    "Redis 6 or newer, and if it has ACLs +ping +client|id +client|tracking "
    "+subscribe &__redis__:invalidate";
constexpr std::string_view kChannelNeeds =
    "+ping +subscribe +publish &appcache:changed:*";

// The conversation that sets a connection up.
class SetUp {
 public:
  SetUp(Connection& connection, std::string_view needs,
        const net::Deadline& deadline, bool& is_refused)
      : connection_(connection),
        needs_(needs),
        deadline_(deadline),
        is_refused_(is_refused) {}

  Status Send() { return connection_.Send(deadline_); }

  // The reply to `command`, which is to be of that type.
  Status Take(std::string_view command, Reply::Type type, Reply& reply) {
    Status status = connection_.Receive(reply, deadline_);
    if (!status.ok() || reply.type == type) return status;
    return RefusalOf(connection_.server(), reply, command, needs_, is_refused_);
  }

  // A watch lives by pings: a user who may not send them is found out now.
  Status TakePong() {
    Reply reply;
    return Take("PING", Reply::Type::kStatus, reply);
  }

  Status TakeConfirmation() {
    Reply reply;
    return Take("SUBSCRIBE", Reply::Type::kArray, reply);
  }

 private:
  Connection& connection_;
  const std::string_view needs_;
  const net::Deadline& deadline_;
  bool& is_refused_;
};

// As far as it says that a command is not to be had: it is not known, or not
// permitted.
bool IsRefusal(std::string_view reply) {
  const std::string_view word = reply.substr(0, reply.find(' '));
  return word == "NOPERM" ||
         (word == "ERR" &&
          reply.find("max number of clients") == std::string_view::npos);
}

}  // namespace

Status RefusalOf(const std::string& server, const Reply& reply,
                 std::string_view command, std::string_view needs,
                 bool& is_refused) {
  if (reply.type != Reply::Type::kError) {
    return Status(ErrorCode::kUnavailable,
                  server + " gave an answer that does not fit; is it one?");
  }
  const std::string_view text = reply.bytes.view();
  if (!IsRefusal(text)) return ServerError(text, server);
  is_refused = true;
  std::string message = server + " refused ";
  message.append(command).append(" (");
  message.append(text.substr(0, text.find(' ')));
  message.append("); it takes ").append(needs);
  return Status(ErrorCode::kUnavailable, std::move(message));
}

Status SubscribeToTracking(Connection& connection, std::string_view prefix,
                           const net::Deadline& deadline, bool& is_refused) {
  SetUp set_up(connection, kTrackingNeeds, deadline, is_refused);
  connection.Append({"PING"});
  connection.Append({"CLIENT", "ID"});
  Status status = set_up.Send();
  if (status.ok()) status = set_up.TakePong();
  Reply id;
  if (status.ok()) {
    status = set_up.Take("CLIENT ID", Reply::Type::kInteger, id);
  }
  if (!status.ok()) return status;

  const std::string self = std::to_string(id.integer);
  // Without a prefix: all keys.
  if (prefix.empty()) {
    connection.Append({"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST"});
  } else {
    connection.Append({"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST",
                       "PREFIX", prefix});
  }
  connection.Append({"SUBSCRIBE", kTrackingChannel});
  status = set_up.Send();
  Reply tracking;
  if (status.ok()) {
    status = set_up.Take("CLIENT TRACKING", Reply::Type::kStatus, tracking);
  }
  return status.ok() ? set_up.TakeConfirmation() : status;
}

Status SubscribeToChannel(Connection& connection, std::string_view channel,
                          const net::Deadline& deadline, bool& is_refused) {
  SetUp set_up(connection, kChannelNeeds, deadline, is_refused);
  connection.Append({"PING"});
  connection.Append({"SUBSCRIBE", channel});
  Status status = set_up.Send();
  if (status.ok()) status = set_up.TakePong();
  return status.ok() ? set_up.TakeConfirmation() : status;
}

}  // namespace appcache::redis
