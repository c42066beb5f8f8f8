#include "adapters/tiered/link.h"

#include <algorithm>
#include <string>
#include <utility>

namespace appcache::tiered {

Link::Link(Lease& lease, LocalLevel& local, Events& events, LogSink log,
           std::shared_ptr<const Clock> clock, std::function<void()> on_linked)
    : lease_(lease),
      local_(local),
      events_(events),
      log_(std::move(log)),
      clock_(std::move(clock)),
      on_linked_(std::move(on_linked)) {}

void Link::Log(LogLevel level, std::string_view message) const noexcept {
  log_(level, message);
}

void Link::OnLinked(WatchMode mode) noexcept {
  mode_.store(mode, std::memory_order_release);
  lease_.Linked();
  links_made_.fetch_add(1, std::memory_order_relaxed);
  Log(LogLevel::kInfo,
      mode == WatchMode::kTracking
          ? "the tier is told of changes by the remote itself (tracking)"
          : "the remote does not tell of changes; the tiers announce theirs to "
            "each other, and changes of other programs are not seen");
  events_.Post(mode == WatchMode::kTracking ? TierEvent::Kind::kTracking
                                            : TierEvent::Kind::kAnnounced);
  on_linked_();
}

void Link::OnChanged(std::span<const std::string_view> paths) noexcept {
  changes_told_.fetch_add(paths.size(), std::memory_order_relaxed);
  for (const std::string_view path : paths) local_.Drop(path);
}

void Link::OnAllChanged() noexcept {
  all_changes_told_.fetch_add(1, std::memory_order_relaxed);
  local_.DropAll();
}

void Link::OnConfirmed(TimePoint moment) noexcept {
  confirmed_.store(moment, std::memory_order_release);
  lease_.Confirmed(moment);
  NoteDelay(clock_->Now() - moment);
}

void Link::NoteDelay(TimePoint::duration delay) noexcept {
  constexpr auto& kBounds = DelayHistogram::kBounds;
  confirmation_delay_.store(delay, std::memory_order_relaxed);
  delay_sum_.store(delay_sum_.load(std::memory_order_relaxed) + delay,
                   std::memory_order_relaxed);
  const auto bucket = static_cast<size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), delay) -
      kBounds.begin());
  delay_counts_[bucket].fetch_add(1, std::memory_order_relaxed);
}

void Link::OnLost(const Status& why) noexcept {
  if (why.Is(ErrorCode::kUnsupported)) {
    lease_.Untracked();
    events_.Post(TierEvent::Kind::kUntracked, why.error().message);
    Log(LogLevel::kWarning,
        "the remote does not tell of changes; copies are kept for "
        "untracked_ttl only");
    return;
  }
  lease_.Lost();
  links_lost_.fetch_add(1, std::memory_order_relaxed);
  events_.Post(TierEvent::Kind::kLinkLost, why.error().message);
  try {
    Log(LogLevel::kWarning,
        "the tier is not told of changes any more: " + why.ToString());
  } catch (...) {
    // Out of memory for a log line.
  }
}

Coherence Link::coherence() const noexcept {
  if (lease_.is_untracked()) return Coherence::kUntracked;
  if (!lease_.is_linked()) return Coherence::kLost;
  return mode_.load(std::memory_order_acquire) == WatchMode::kTracking
             ? Coherence::kTracking
             : Coherence::kAnnounced;
}

void Link::Report(TierReport& report) const {
  report.coherence = coherence();
  const TimePoint confirmed = confirmed_.load(std::memory_order_acquire);
  if (confirmed != TimePoint::min()) {
    report.confirmed_ago = clock_->Now() - confirmed;
  }
  report.confirmation_delay =
      confirmation_delay_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < delay_counts_.size(); ++i) {
    report.confirmation_delays.counts[i] =
        delay_counts_[i].load(std::memory_order_relaxed);
  }
  report.confirmation_delays.sum = delay_sum_.load(std::memory_order_relaxed);
  report.changes_told = changes_told_.load(std::memory_order_relaxed);
  report.all_changes_told = all_changes_told_.load(std::memory_order_relaxed);
  report.links_lost = links_lost_.load(std::memory_order_relaxed);
  report.links_made = links_made_.load(std::memory_order_relaxed);
}

}  // namespace appcache::tiered
