// Link: what the remote's watch reports, applied to the lease and the copies,
// and recorded for the log, the hook and the report.
//
// Restrictions: runs in the watch's thread, so it never waits for the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_LINK_H_
#define APPCACHE_ADAPTERS_TIERED_LINK_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "adapters/tiered/events.h"
#include "adapters/tiered/lease.h"
#include "adapters/tiered/local_level.h"
#include "appcache/clock.h"
#include "appcache/log.h"
#include "appcache/tier_report.h"
#include "appcache/watch.h"

namespace appcache::tiered {

// Thread-safe.
class Link final : public WatchListener {
 public:
  // `on_linked` is called each time the link is up again. All referenced
  // objects must outlive this one. REQUIRES: on_linked is not empty.
  Link(Lease& lease, LocalLevel& local, Events& events, LogSink log,
       std::shared_ptr<const Clock> clock, std::function<void()> on_linked);

  void OnLinked(WatchMode mode) noexcept override;
  void OnChanged(std::span<const std::string_view> paths) noexcept override;
  void OnAllChanged() noexcept override;
  void OnHeartbeat(TimePoint up_to) noexcept override;
  // kUnsupported: the remote does not support notifications, or not for this
  // user.
  void OnLost(const Status& why) noexcept override;

  Coherence coherence() const noexcept;

  // Sets the coherence, and all figures about heartbeats, notifications and
  // links.
  void AddTo(TierReport& report) const noexcept;

 private:
  void CountDelay(TimePoint::duration delay) noexcept;

  Lease& lease_;
  LocalLevel& local_;
  Events& events_;
  const LogSink log_;
  const std::shared_ptr<const Clock> clock_;
  const std::function<void()> on_linked_;

  std::atomic<WatchMode> mode_{WatchMode::kTracking};
  // min(): there was no heartbeat.
  std::atomic<TimePoint> last_heartbeat_{TimePoint::min()};
  std::atomic<TimePoint::duration> last_delay_{TimePoint::duration(0)};
  // As in DelayHistogram. Written by the watch's thread only.
  std::array<std::atomic<uint64_t>, DelayHistogram::kBounds.size() + 1>
      delay_counts_{};
  std::atomic<TimePoint::duration> delay_sum_{TimePoint::duration(0)};
  std::atomic<uint64_t> changes_notified_{0};
  std::atomic<uint64_t> full_invalidations_{0};
  std::atomic<uint64_t> links_lost_{0};
  std::atomic<uint64_t> links_made_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_LINK_H_
