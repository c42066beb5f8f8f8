// RedisWatch: tells a listener what changes on a Redis server.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapters/net/interrupt.h"
#include "adapters/redis/client.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/watch_retry.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "engine/fork_guard.h"
#include "engine/log.h"
#include "engine/watch.h"

namespace appcache::redis {

// One connection, beside the pool's, and one thread, which does nothing but
// take what comes from it: a server cuts off those who let too much pile up.
// No lock is held while the listener is called; there is none.
class RedisWatch final : public Watch {
 public:
  // `client`, which serves announcements, and `listener` outlive it. The log
  // hears why there is no link, or a lesser one, once until that changes.
  // Throws std::system_error (no descriptor, no thread) and std::bad_alloc.
  // REQUIRES: Validate(options).
  RedisWatch(Client& client, uint32_t database, WatchOptions options,
             WatchListener& listener, LogSink log);
  // Ends a wait in progress, whatever it is for. In a forked child, closes what
  // it has inherited of the link.
  ~RedisWatch() override;

  Status Announce(std::span<const std::string_view> paths) override;
  Status AnnounceAll() override;

 private:
  struct Link {
    std::unique_ptr<Connection> connection;
    WatchMode mode;
  };

  // Whether others may have to be told what this process changes.
  bool MustAnnounce() const noexcept;
  Status Publish(std::span<const std::string> messages);

  // Those of the thread.
  void Run() noexcept;
  // Links, and serves the link while it lasts.
  void LinkOnce();
  void Serve(const Link& link);
  // By the best means there is.
  Result<Link> MakeLink();
  Result<Link> MakeLinkBy(WatchMode mode, bool& is_refused);
  // `what` is a literal: not again before another one, or a tracking link.
  void LogOnce(std::string_view what, const Status& why);

  Client& client_;
  const WatchOptions options_;
  const std::string channel_;
  WatchListener& listener_;
  const LogSink log_;
  const ForkGuard fork_guard_;
  net::Interrupt interrupt_;

  enum class LinkedBy : uint8_t { kNothing, kTracking, kAnnounced };
  std::atomic<LinkedBy> linked_by_{LinkedBy::kNothing};
  // It was refused while there was no link, since the last try for one: whoever
  // has the same rights does not wait for announcements.
  std::atomic<bool> may_not_publish_{false};
  // For the child: the link's, while it is sure to be. -1: none.
  std::atomic<int> link_descriptor_{-1};

  // Of the thread.
  WatchRetry retry_;
  TimePoint latest_ = TimePoint::min();
  bool is_refused_ = false;  // by all means, at the last try
  std::string_view logged_;  // what the log was told last: a literal

  std::thread thread_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_H_
