// Watch: notifications about changes in a backend, for a cache of its entries
// that must not become stale.
//
// A backend that supports it overrides Backend::WatchRaw. A WatchListener keeps
// copies of entries: it drops a copy when it is notified that the entry has
// changed, drops all copies when it may have missed a notification, and knows
// from heartbeats up to which time it has received every notification.

#ifndef APPCACHE_WATCH_H_
#define APPCACHE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/times.h"

namespace appcache {

class Clock;

// Who sends the notifications.
enum class WatchMode {
  // The backend, about every change, whoever made it.
  kTracking,
  // The writers: only changes that their writer announces, as every holder of a
  // Watch of this mode does.
  kAnnounced,
};

// "tracking", "announced".
APPCACHE_EXPORT std::string_view ToString(WatchMode mode) noexcept;

// Called by the thread of the watch, one call at a time, from before
// Backend::WatchRaw returns until the Watch's destructor does. Must be quick:
// it delays the notifications that follow.
class APPCACHE_EXPORT WatchListener {
 public:
  virtual ~WatchListener() = default;

  // The link is up: every change from now on is notified. Earlier ones may have
  // been missed, so no copy that was made before is valid.
  virtual void OnLinked(WatchMode mode) noexcept = 0;

  // These entries were written or removed, or have expired. Includes changes by
  // this process, and entries with the same paths in other databases of the
  // same server. `paths` is valid during the call.
  virtual void OnChanged(std::span<const std::string_view> paths) noexcept = 0;

  // Every entry may have changed: the backend was cleared, for example.
  virtual void OnAllChanged() noexcept = 0;

  // A heartbeat: every change that was acknowledged to its writer before
  // `up_to`, a time of WatchOptions::clock, has been notified. The times only
  // grow.
  virtual void OnHeartbeat(TimePoint up_to) noexcept = 0;

  // The link is lost: nothing is notified until OnLinked. Not called again
  // while the watch fails to reconnect. kUnsupported: the backend refuses to be
  // watched by this user; also called when there was no link before. The watch
  // then retries every max_retry.
  virtual void OnLost(const Status& why) noexcept = 0;
};

struct WatchOptions {
  // Only entries whose paths start with this; empty: all entries.
  std::string path_prefix = "";

  // The interval between heartbeat requests, and how long a reply may take
  // before the link counts as lost: twice as long while notifications keep
  // arriving. From 1 ms to an hour.
  std::chrono::milliseconds ping_interval{500};
  std::chrono::milliseconds ping_timeout{1000};

  // The backoff between attempts to reconnect: first a random time between half
  // of min_retry and min_retry, then twice as long each time, up to max_retry,
  // so that clients do not all return at once. From 1 ms to an hour.
  std::chrono::milliseconds min_retry{50};
  std::chrono::milliseconds max_retry{2000};

  // Whether kAnnounced is accepted where the backend does not support
  // kTracking.
  bool allow_announced = true;

  // The clock of OnHeartbeat's times. Null: Clock::Steady().
  std::shared_ptr<const Clock> clock = nullptr;

  // Seeds the backoff. Zero: a seed that differs between processes.
  uint64_t seed = 0;
};

// kInvalidArgument when an option is out of range, or min_retry is above
// max_retry. For backends.
APPCACHE_EXPORT Status Validate(const WatchOptions& options);

// The destructor ends the watch, and waits for a call of the listener in
// progress. In a forked child a Watch does nothing, and may be destroyed.
class APPCACHE_EXPORT Watch {
 public:
  virtual ~Watch() = default;

  // Notifies the other watches that this process has changed these entries.
  // Call it after each write, before acknowledging the write. Costs a round
  // trip in mode kAnnounced and nothing in mode kTracking. After a failure it
  // is unknown which watches were notified. Thread-safe.
  virtual Status Announce(std::span<const std::string_view> paths) = 0;
  // The same for all entries.
  virtual Status AnnounceAll() = 0;
};

}  // namespace appcache

#endif  // APPCACHE_WATCH_H_
