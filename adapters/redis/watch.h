// RedisWatch: notifies a listener of changes on a Redis server.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "adapters/net/interrupt.h"
#include "adapters/redis/client.h"
#include "adapters/redis/connection.h"
#include "adapters/redis/watch_backoff.h"
#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/log.h"
#include "appcache/watch.h"
#include "engine/support/fork_guard.h"

namespace appcache::redis {

// Has a connection that is not the pool's, and a thread that only receives from
// it: a server disconnects a client that lets too many messages queue up. The
// listener is called without a lock.
class RedisWatch final : public Watch {
 public:
  // `client`, which sends the announcements, and `listener` must outlive this
  // object. Logs why there is no link, or one by announcements only; not again
  // before the reason changes. Throws std::system_error when no descriptor or
  // thread is available, and std::bad_alloc.
  // REQUIRES: Validate(options).ok() and log != nullptr.
  RedisWatch(Client& client, uint32_t database, WatchOptions options,
             WatchListener& listener, LogSink log);
  // Ends every wait of the thread at once. In a forked child, closes the
  // child's copy of the link's connection.
  ~RedisWatch() override;

  Status Announce(std::span<const std::string_view> paths) override;
  Status AnnounceAll() override;

 private:
  struct Link {
    std::unique_ptr<Connection> connection;
    WatchMode mode;
  };
  // The mode of the current link.
  enum class LinkMode : uint8_t { kNoLink, kTracking, kAnnounced };

  // True when other programs may depend on announcements by this process.
  bool MustAnnounce() const noexcept;
  Status Publish(std::span<const std::string> messages);
  // The result of a PUBLISH that was not done.
  Status HandlePublishError(const Reply& reply);

  // The functions of the thread.
  void Run() noexcept;
  // Connects, and serves the link while it lasts.
  void LinkOnce();
  void ReportFailedLink(const Status& why);
  void Serve(const Link& link);
  // Connects in the best mode that the server permits. kUnsupported when it
  // refuses all of them.
  Result<Link> MakeLink();
  Result<Link> MakeLinkWith(WatchMode mode, bool& is_refused);
  // Logs "<what>: <message of why>" unless `what`, a literal, was logged last.
  void LogOnce(std::string_view what, const Status& why);

  Client& client_;
  const WatchOptions options_;
  const std::string channel_;
  WatchListener& listener_;
  const LogSink log_;
  const internal::ForkGuard fork_guard_;
  net::Interrupt interrupt_;

  std::atomic<LinkMode> link_mode_{LinkMode::kNoLink};
  // True when a PUBLISH was refused while there was no link, since the last
  // attempt to make one. Programs with the same permissions cannot depend on
  // announcements then.
  std::atomic<bool> publish_refused_{false};
  // The descriptor of the link's connection while it is open, for a forked
  // child; -1 without a link.
  std::atomic<int> link_descriptor_{-1};

  // Used by the thread only.
  WatchBackoff backoff_;
  TimePoint latest_ = TimePoint::min();  // of the last heartbeat
  bool is_refused_ = false;              // in all modes, at the last attempt
  uint64_t failovers_ = 0;               // of client_, before the last attempt
  std::string_view last_logged_;         // a literal

  std::thread thread_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_H_
