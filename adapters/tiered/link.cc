#include "adapters/tiered/link.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace appcache::tiered {
namespace {

uint64_t Read(const std::atomic<uint64_t>& counter) noexcept {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

Link::Link(Lease& lease, LocalLevel& local, Events& events, LogSink log,
           std::shared_ptr<const Clock> clock, std::function<void()> on_linked)
    : lease_(lease),
      local_(local),
      events_(events),
      log_(std::move(log)),
      clock_(std::move(clock)),
      on_linked_(std::move(on_linked)) {
  assert(on_linked_ != nullptr);
}

void Link::OnLinked(WatchMode mode) noexcept {
  mode_.store(mode, std::memory_order_release);
  lease_.OnLinked();
  links_made_.fetch_add(1, std::memory_order_relaxed);
  if (mode == WatchMode::kTracking) {
    log_(LogLevel::kInfo,
         "the tier is linked: the remote notifies it about every change "
         "(tracking)");
    events_.Post(TierEvent::Kind::kTracking);
  } else {
    log_(LogLevel::kInfo,
         "the tier is linked: tiers announce their changes to each other; "
         "changes by other programs are not seen until copies expire");
    events_.Post(TierEvent::Kind::kAnnounced);
  }
  on_linked_();
}

void Link::OnChanged(std::span<const std::string_view> paths) noexcept {
  changes_notified_.fetch_add(paths.size(), std::memory_order_relaxed);
  for (const std::string_view path : paths) local_.Drop(path);
}

void Link::OnAllChanged() noexcept {
  full_invalidations_.fetch_add(1, std::memory_order_relaxed);
  local_.DropAll();
}

void Link::OnHeartbeat(TimePoint up_to) noexcept {
  last_heartbeat_.store(up_to, std::memory_order_release);
  lease_.OnHeartbeat(up_to);
  CountDelay(clock_->Now() - up_to);
}

void Link::CountDelay(TimePoint::duration delay) noexcept {
  constexpr auto& kBounds = DelayHistogram::kBounds;
  last_delay_.store(delay, std::memory_order_relaxed);
  delay_sum_.store(delay_sum_.load(std::memory_order_relaxed) + delay,
                   std::memory_order_relaxed);
  const auto bucket = static_cast<size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), delay) -
      kBounds.begin());
  delay_counts_[bucket].fetch_add(1, std::memory_order_relaxed);
}

void Link::OnLost(const Status& why) noexcept {
  if (why.Is(ErrorCode::kUnsupported)) {
    lease_.OnUntracked();
    events_.Post(TierEvent::Kind::kUntracked, why.message());
    log_(LogLevel::kWarning,
         "the remote does not support notifications; local copies live for "
         "untracked_ttl at most");
    return;
  }
  lease_.OnLost();
  links_lost_.fetch_add(1, std::memory_order_relaxed);
  events_.Post(TierEvent::Kind::kLinkLost, why.message());
  try {
    log_(LogLevel::kWarning,
         "the tier has lost its link and receives no notifications: " +
             why.ToString());
  } catch (...) {
    // No memory for a log line.
  }
}

Coherence Link::coherence() const noexcept {
  if (lease_.is_untracked()) return Coherence::kUntracked;
  if (!lease_.is_linked()) return Coherence::kLost;
  return mode_.load(std::memory_order_acquire) == WatchMode::kTracking
             ? Coherence::kTracking
             : Coherence::kAnnounced;
}

void Link::AddTo(TierReport& report) const noexcept {
  report.coherence = coherence();
  const TimePoint last = last_heartbeat_.load(std::memory_order_acquire);
  if (last != TimePoint::min()) report.heartbeat_age = clock_->Now() - last;
  report.heartbeat_delay = last_delay_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < delay_counts_.size(); ++i) {
    report.heartbeat_delays.counts[i] = Read(delay_counts_[i]);
  }
  report.heartbeat_delays.sum = delay_sum_.load(std::memory_order_relaxed);
  report.changes_notified = Read(changes_notified_);
  report.full_invalidations = Read(full_invalidations_);
  report.links_lost = Read(links_lost_);
  report.links_made = Read(links_made_);
}

}  // namespace appcache::tiered
