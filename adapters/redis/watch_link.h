// WatchLink: a connection with a subscription, for as long as it lasts.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/net/interrupt.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/watch.h"

namespace appcache::redis {

// Passes the messages of the connection on to a listener, and sends heartbeats.
//
// Why a pong is a heartbeat: Redis queues the invalidation messages of a write
// before it replies to the writer, in the same iteration of its event loop, and
// passes a published message on before it replies to PUBLISH. A ping that is
// sent after that reply is processed in a later iteration, so its pong follows
// the messages in this connection's stream. At most one ping is outstanding.
//
// Not thread-safe.
class WatchLink {
 public:
  // All arguments must outlive this object. `latest` is the time of the last
  // heartbeat of earlier links, and is updated: no earlier time is reported,
  // although the clock may have been set back. The link is lost once
  // `is_outdated()` returns true: the values are read from another server.
  // REQUIRES: options.clock != nullptr and is_outdated != nullptr.
  WatchLink(Connection& connection, const WatchOptions& options,
            WatchListener& listener, TimePoint& latest,
            std::function<bool()> is_outdated) noexcept;

  // Serves the link until it fails, and returns why; or until `interrupt` is
  // raised, and returns success.
  Status Run(const net::Interrupt& interrupt) noexcept;

  // True once the link has had a heartbeat.
  bool has_heartbeat() const noexcept { return has_heartbeat_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // These may throw std::bad_alloc.
  Status RunOrThrow(const net::Interrupt& interrupt);
  // Sends a ping if one is due. Fails when a pong is long overdue.
  Status SendHeartbeat(const net::Interrupt& interrupt, SteadyTime now);
  Status Handle(const Reply& reply);
  Status HandlePong();
  // Handles the payload of a message: an array of keys, nil for all keys, or an
  // announcement.
  Status HandleMessage(const Reply& payload);
  void NotifyKeys(const std::vector<Reply>& keys);
  void NotifyAnnouncement(std::string_view message);
  Status PongOverdue() const;
  Status UnexpectedMessage() const;
  Status Outdated() const;

  Connection& connection_;
  const WatchOptions& options_;
  WatchListener& listener_;
  TimePoint& latest_;
  const std::function<bool()> is_outdated_;
  // The time of options_.clock just before the outstanding ping was sent; none
  // if no ping is outstanding.
  std::optional<TimePoint> ping_sent_;
  // When the last ping was sent.
  std::optional<SteadyTime> last_ping_;
  bool has_heartbeat_ = false;
  std::vector<std::string_view> paths_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_
