// Watch: being told what others change in a backend, for a cache of its entries
// that must not go stale.
//
// A backend that can tell overrides Cache::WatchRaw. Whoever keeps copies of
// its entries is a WatchListener: it drops a copy when it hears that the entry
// has changed, all copies when it may have missed something, and knows from the
// confirmations up to which moment it has heard everything.

#ifndef APPCACHE_ENGINE_WATCH_H_
#define APPCACHE_ENGINE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/clock.h"
#include "engine/error.h"

namespace appcache {

// Who tells.
enum class WatchMode {
  // The backend itself: of every change, whoever made it, and however.
  kTracking,
  // Those who write: of a change only if the writer announces it, as every
  // holder of a Watch of this mode does.
  kAnnounced,
};

// "tracking", "announced".
std::string_view ToString(WatchMode mode) noexcept;

// Called by the watch's own thread, never twice at a time, from before
// Cache::WatchRaw returns until the Watch's destructor does. Must be quick:
// what it holds up is the news that follow.
class WatchListener {
 public:
  virtual ~WatchListener() = default;

  // From now on it is told of every change. Earlier ones may have been missed:
  // no copy made before is good.
  virtual void OnLinked(WatchMode mode) noexcept = 0;

  // These entries have been written, removed, or have ended. Also those that
  // this process has changed, and entries of other databases of the same server
  // with the same paths. `paths` is valid during the call.
  virtual void OnChanged(std::span<const std::string_view> paths) noexcept = 0;

  // Every entry may have changed: the backend was cleared, for one.
  virtual void OnAllChanged() noexcept = 0;

  // It has been told of every change that was acknowledged to its writer before
  // `moment`, a time of WatchOptions::clock. Moments only grow.
  virtual void OnConfirmed(TimePoint moment) noexcept = 0;

  // The link is gone: it is told of nothing until OnLinked. Not called again
  // while the watch fails to link anew. kUnsupported: the backend refuses to be
  // watched, as far as this user may; also called when there was no link, and
  // the watch tries again all the same, every max_retry.
  virtual void OnLost(const Status& why) noexcept = 0;
};

struct WatchOptions {
  // Only entries whose paths begin with it; all of them if it is empty.
  std::string path_prefix;

  // How often the backend is asked for a sign of life, each answer being a
  // confirmation; and how long the answer is waited for until the link counts
  // as lost. From 1 ms to an hour.
  std::chrono::milliseconds ping_interval{500};
  std::chrono::milliseconds ping_timeout{1000};

  // How long it waits before it tries to link anew: at first between half of
  // min_retry and min_retry, then twice as long each time, up to max_retry, at
  // random, so that a server that is back is not met by all at once. From 1 ms
  // to an hour.
  std::chrono::milliseconds min_retry{50};
  std::chrono::milliseconds max_retry{2000};

  // Whether announcements will do where the backend cannot tell by itself.
  bool allow_announced = true;

  // What the moments of OnConfirmed are of. Null: Clock::Steady().
  std::shared_ptr<const Clock> clock;

  // Of the waits between tries. Zero: one that differs from process to process.
  uint64_t seed = 0;
};

// kInvalidArgument, which says what is out of its range. min_retry may not be
// above max_retry. For backends.
Status Validate(const WatchOptions& options);

// Ends with its destructor, which waits for a call of the listener in progress.
// In a forked child it is of no use, and is to be destroyed or left alone.
class Watch {
 public:
  virtual ~Watch() = default;

  // Tells the other watches that these entries have been changed by this
  // process. To be called after each write, before it is acknowledged; costs a
  // round trip if the mode is kAnnounced, and nothing otherwise. A failure: it
  // is not known who has heard. Thread-safe.
  virtual Status Announce(std::span<const std::string_view> paths) = 0;
  // The same of all entries.
  virtual Status AnnounceAll() = 0;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_WATCH_H_
