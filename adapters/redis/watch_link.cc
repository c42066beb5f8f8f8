#include "adapters/redis/watch_link.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include "adapters/net/deadline.h"
#include "adapters/redis/server_error.h"
#include "adapters/redis/watch_announcement.h"

namespace appcache::redis {
namespace {

using std::chrono::steady_clock;
using Awaited = Connection::Awaited;

// The largest number of paths in one call of the listener.
constexpr size_t kPathsPerCall = 4096;

// True for an array of `size` elements that starts with `word`.
bool IsArrayOf(const Reply& reply, std::string_view word, size_t size) {
  return reply.type == Reply::Type::kArray && reply.elements.size() == size &&
         reply.elements[0].bytes.view() == word;
}

}  // namespace

WatchLink::WatchLink(Connection& connection, const WatchOptions& options,
                     WatchListener& listener, TimePoint& latest,
                     std::function<bool()> is_outdated) noexcept
    : connection_(connection),
      options_(options),
      listener_(listener),
      latest_(latest),
      is_outdated_(std::move(is_outdated)) {
  assert(options.clock != nullptr);
  assert(is_outdated_ != nullptr);
}

Status WatchLink::Run(const net::Interrupt& interrupt) noexcept {
  try {
    return RunOrThrow(interrupt);
  } catch (const std::exception&) {
    return Status::OutOfMemory();
  }
}

Status WatchLink::RunOrThrow(const net::Interrupt& interrupt) {
  while (!interrupt.is_raised()) {
    const SteadyTime now = steady_clock::now();
    Status status = SendHeartbeat(interrupt, now);
    if (!status.ok()) return status;
    const SteadyTime until =
        *last_ping_ +
        (ping_sent_ ? options_.ping_timeout : options_.ping_interval);
    Reply reply;
    Awaited awaited = Awaited::kNothing;
    status = connection_.Await(
        reply, awaited, net::Deadline(until - now, interrupt.descriptor()));
    // Before the reply is handled: a pong of the wrong server is no heartbeat.
    if (is_outdated_()) return Outdated();
    if (status.ok() && awaited == Awaited::kReply) status = Handle(reply);
    if (!status.ok()) return status;
    // Checked only when nothing was received: a pong that arrived while the
    // process was suspended is in time, also after a message of many parts.
    if (awaited == Awaited::kNothing && ping_sent_ &&
        steady_clock::now() >= until && !interrupt.is_raised()) {
      return PongOverdue();
    }
  }
  return Status();
}

Status WatchLink::SendHeartbeat(const net::Interrupt& interrupt,
                                SteadyTime now) {
  if (ping_sent_) {
    // Messages may keep arriving without ever a pong.
    return now < *last_ping_ + 2 * options_.ping_timeout ? Status()
                                                         : PongOverdue();
  }
  if (last_ping_ && now < *last_ping_ + options_.ping_interval) return Status();
  ping_sent_ = options_.clock->Now();
  last_ping_ = now;
  connection_.Append({"PING"});
  return connection_.Send(
      net::Deadline(options_.ping_timeout, interrupt.descriptor()));
}

Status WatchLink::PongOverdue() const {
  return Status(ErrorCode::kTimeout,
                connection_.server() + " did not answer a ping within " +
                    std::to_string(options_.ping_timeout.count()) + " ms");
}

Status WatchLink::Outdated() const {
  return Status(ErrorCode::kUnavailable,
                connection_.server() +
                    " is another server now: the one that sent the "
                    "notifications refused a command");
}

Status WatchLink::UnexpectedMessage() const {
  return Status(ErrorCode::kUnavailable,
                connection_.server() +
                    " sent an unexpected pub/sub message; is this a Redis "
                    "server?");
}

Status WatchLink::Handle(const Reply& reply) {
  if (reply.type == Reply::Type::kError) {
    return ServerError(reply.bytes.view(), connection_.server());
  }
  if (IsArrayOf(reply, "pong", 2)) return HandlePong();
  if (IsArrayOf(reply, "message", 3)) return HandleMessage(reply.elements[2]);
  return UnexpectedMessage();
}

Status WatchLink::HandlePong() {
  if (!ping_sent_) return UnexpectedMessage();
  const TimePoint up_to = *ping_sent_;
  ping_sent_.reset();
  has_heartbeat_ = true;
  if (up_to < latest_) return Status();
  latest_ = up_to;
  listener_.OnHeartbeat(up_to);
  return Status();
}

Status WatchLink::HandleMessage(const Reply& payload) {
  switch (payload.type) {
    case Reply::Type::kNil:
      listener_.OnAllChanged();
      return Status();
    case Reply::Type::kString:
      NotifyAnnouncement(payload.bytes.view());
      return Status();
    case Reply::Type::kArray:
      break;
    default:
      return UnexpectedMessage();
  }
  const bool are_keys =
      std::all_of(payload.elements.begin(), payload.elements.end(),
                  [](auto& key) { return key.type == Reply::Type::kString; });
  if (!are_keys) return UnexpectedMessage();
  if (payload.is_truncated) {
    listener_.OnAllChanged();
  } else {
    NotifyKeys(payload.elements);
  }
  return Status();
}

void WatchLink::NotifyKeys(const std::vector<Reply>& keys) {
  std::span<const Reply> rest(keys);
  while (!rest.empty()) {
    const auto some = rest.first(std::min(rest.size(), kPathsPerCall));
    rest = rest.subspan(some.size());
    paths_.clear();
    for (const Reply& key : some) paths_.push_back(key.bytes.view());
    listener_.OnChanged(paths_);
  }
}

void WatchLink::NotifyAnnouncement(std::string_view message) {
  // A message that cannot be parsed may announce anything.
  if (!ParseAnnouncement(message, paths_) || paths_.empty()) {
    listener_.OnAllChanged();
    return;
  }
  std::erase_if(paths_, [this](std::string_view path) {
    return !path.starts_with(options_.path_prefix);
  });
  if (!paths_.empty()) listener_.OnChanged(paths_);
}

}  // namespace appcache::redis
