// Link: what comes from the remote's watch, turned into what holds for the
// copies: the lease, the drops, and what the log and the report say of it.

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
#include "adapters/tiered/tier_report.h"
#include "engine/log.h"
#include "engine/watch.h"

namespace appcache::tiered {

// Thread-safe. What it is made with outlives it.
class Link final : public WatchListener {
 public:
  // `on_linked` is called each time that the remote is there again.
  Link(Lease& lease, LocalLevel& local, Events& events, LogSink log,
       std::shared_ptr<const Clock> clock, std::function<void()> on_linked);

  void OnLinked(WatchMode mode) noexcept override;
  void OnChanged(std::span<const std::string_view> paths) noexcept override;
  void OnAllChanged() noexcept override;
  void OnConfirmed(TimePoint moment) noexcept override;
  // kUnsupported: there will be no link, for this remote refuses.
  void OnLost(const Status& why) noexcept override;

  Coherence coherence() const noexcept;
  // Fills in what it knows.
  void Report(TierReport& report) const;

 private:
  void NoteDelay(TimePoint::duration delay) noexcept;
  void Log(LogLevel level, std::string_view message) const noexcept;

  Lease& lease_;
  LocalLevel& local_;
  Events& events_;
  const LogSink log_;
  const std::shared_ptr<const Clock> clock_;
  const std::function<void()> on_linked_;

  std::atomic<WatchMode> mode_{WatchMode::kTracking};
  std::atomic<TimePoint> confirmed_{TimePoint::min()};
  std::atomic<TimePoint::duration> confirmation_delay_{TimePoint::duration(0)};
  // As in DelayHistogram. Written by the watch's thread.
  std::array<std::atomic<uint64_t>, DelayHistogram::kBounds.size() + 1>
      delay_counts_{};
  std::atomic<TimePoint::duration> delay_sum_{TimePoint::duration(0)};
  std::atomic<uint64_t> changes_told_{0};
  std::atomic<uint64_t> all_changes_told_{0};
  std::atomic<uint64_t> links_lost_{0};
  std::atomic<uint64_t> links_made_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_LINK_H_
