// WatchLink: a connection that has subscribed, while it lasts.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/net/interrupt.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "engine/watch.h"

namespace appcache::redis {

// Tells a listener what comes over the connection, and asks for signs of life.
//
// A confirmation is proven by the order of one stream. Redis sends what a
// write invalidates no later than the answer to its writer, in one turn of its
// loop, and what is published before the answer to PUBLISH; a ping that is sent
// after that answer is served in a later turn, so that its pong comes behind
// the news. One ping is on its way at a time.
//
// Not thread-safe.
class WatchLink {
 public:
  // What all is of outlives it. No moment below `latest` is confirmed, which is
  // moved on: the clock may have been set back since the link before.
  WatchLink(Connection& connection, const WatchOptions& options,
            WatchListener& listener, TimePoint& latest) noexcept
      : connection_(connection),
        options_(options),
        listener_(listener),
        latest_(latest) {}

  // Until it fails: why; or until it is interrupted: success.
  Status Run(const net::Interrupt& interrupt) noexcept;

  // Whether it has answered once.
  bool is_confirmed() const noexcept { return is_confirmed_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // May throw std::bad_alloc, as those below.
  Status RunOrThrow(const net::Interrupt& interrupt);
  // Sends a ping if it is time. Fails when a pong is long overdue.
  Status Beat(const net::Interrupt& interrupt, SteadyTime now);
  Status Overdue() const;
  Status Take(const Reply& reply);
  Status TakePong();
  // What a message is about: keys, nothing, or an announcement.
  Status TakeNews(const Reply& news);
  void TellOfKeys(const std::vector<Reply>& keys);
  void TellOfAnnouncement(std::string_view message);
  Status Garbage() const;

  Connection& connection_;
  const WatchOptions& options_;
  WatchListener& listener_;
  TimePoint& latest_;
  // Before the ping was sent that has no pong yet.
  std::optional<TimePoint> asked_;
  std::optional<SteadyTime> last_ping_;
  bool is_confirmed_ = false;
  std::vector<std::string_view> paths_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_LINK_H_
