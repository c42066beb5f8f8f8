#include "engine/policy/live_curve.h"

#include <algorithm>
#include <utility>

#include "engine/support/striped_counter.h"

namespace appcache::policy {
namespace {

using Kind = ReuseAges::Kind;

// A point of time for so many requests, at least.
constexpr double kStep = 8;

// The entries of a cache whose requests may wait in a stripe, for one sample.
constexpr uint64_t kEntriesPerPending = 256;

uint64_t BelowForBits(int bits) noexcept { return uint64_t{1} << (64 - bits); }

}  // namespace

LiveCurve::LiveCurve(uint64_t max_entries, int64_t tick)
    : sampled_below_(BelowForBits(kDenseBits)),
      ghosts_(max_entries),
      stripes_(std::make_unique<Stripe[]>(kStripes)),
      times_(tick, kStep),
      ages_(std::make_unique<ReuseAges>()) {
  static_assert(internal::StripedCounter::kStripes == kStripes);
}

void LiveCurve::FitTo(uint64_t entries) noexcept {
  ghosts_.FitTo(entries);
  most_pending_.store(static_cast<uint32_t>(std::clamp<uint64_t>(
                          entries / kEntriesPerPending, 1, kMostPending)),
                      std::memory_order_relaxed);
}

void LiveCurve::NoteHit(int64_t last_tick, int64_t tick) noexcept {
  Note({last_tick, tick, Kind::kHit, Age::kKnown, 0, 1});
}

void LiveCurve::NoteOldHit(int64_t h, int64_t tick) noexcept {
  // It is in the cache: whatever the ghost says, it has not expired.
  NoteByGhost(Kind::kOldHit, h, tick, 0);
}

void LiveCurve::NoteMiss(int64_t h, int64_t tick, int64_t now_ms) noexcept {
  NoteByGhost(Kind::kMiss, h, tick, now_ms);
}

void LiveCurve::NoteExpired(int64_t tick) noexcept {
  Note({0, tick, Kind::kExpired, Age::kFirst, 0, 1});
}

void LiveCurve::NoteByGhost(Kind kind, int64_t h, int64_t tick,
                            int64_t now_ms) noexcept {
  const auto keys = static_cast<float>(ghosts_.keys_per_ghost());
  if (!ghosts_.Remembers(h)) return Note({0, tick, kind, Age::kUnknown, 0, 0});
  const std::optional<int64_t> last_tick = ghosts_.Find(h, now_ms);
  Note({last_tick.value_or(0), tick, kind,
        last_tick ? Age::kKnown : Age::kFirst, 0, keys});
}

void LiveCurve::Note(Sample sample) noexcept {
  const bool is_dense = sampled_below_.load(std::memory_order_relaxed) ==
                        BelowForBits(kDenseBits);
  sample.weight = uint32_t{1} << (is_dense ? kDenseBits : kSparseBits);
  Stripe& stripe = stripes_[internal::StripedCounter::StripeOfThisThread()];
  // A request does not wait for another: what cannot be noted is dropped.
  if (!stripe.lock.try_lock()) return;
  const internal::SpinLockGuard guard(stripe.lock, std::adopt_lock);
  if (stripe.count < kMostPending) {
    stripe.samples[stripe.count++] = sample;
  } else {
    stripe.dropped += sample.weight;
  }
  if (stripe.count < most_pending_.load(std::memory_order_relaxed)) return;
  if (!mutex_.try_lock()) return;
  const internal::MutexLock counting(mutex_, std::adopt_lock);
  Count(stripe);
}

void LiveCurve::Count(Stripe& stripe) noexcept {
  for (uint32_t i = 0; i < stripe.count; ++i) CountOne(stripe.samples[i]);
  requests_ += static_cast<double>(std::exchange(stripe.dropped, 0));
  samples_ += std::exchange(stripe.count, 0);
  if (samples_ >= kDenseSamples) {
    sampled_below_.store(BelowForBits(kSparseBits), std::memory_order_relaxed);
  }
  if (samples_ < kMostSamples) return;
  ages_->Scale(0.5);
  samples_ /= 2;
  has_decayed_ = true;
}

void LiveCurve::CountOne(const Sample& sample) noexcept {
  const double weight = sample.weight;
  requests_ += weight;
  const RequestTimes::Point now{sample.tick, requests_};
  switch (sample.age) {
    case Age::kKnown: {
      // The age when the request was made: others may have been counted since.
      const double age = times_.RequestsAt(sample.tick, now) -
                         times_.RequestsAt(sample.last_tick, now);
      ages_->Add(sample.kind, age, weight, sample.keys);
      break;
    }
    case Age::kFirst:
      ages_->AddFirst(sample.kind, weight, sample.keys);
      break;
    case Age::kUnknown:
      ages_->AddUnknown(sample.kind, weight);
      break;
  }
  times_.Append(now);
}

std::optional<HitRatioCurve> LiveCurve::Estimate(uint64_t entries,
                                                 uint64_t hits,
                                                 uint64_t misses) {
  for (size_t i = 0; i < kStripes; ++i) {
    Stripe& stripe = stripes_[i];
    const internal::SpinLockGuard guard(stripe.lock);
    const internal::MutexLock counting(mutex_);
    Count(stripe);
  }
  const internal::MutexLock counting(mutex_);
  if (samples_ < kLeastSamples || entries == 0 || hits + misses == 0 ||
      !ages_->has_ages()) {
    return std::nullopt;
  }
  // What was measured, where the sample is of the same requests.
  const double sampled = ages_->hits() / ages_->requests();
  const double measured = has_decayed_ ? sampled
                                       : static_cast<double>(hits) /
                                             static_cast<double>(hits + misses);
  const auto now = static_cast<double>(entries);
  const double modelled = ages_->HitRatio(now);
  HitRatioCurve curve;
  curve.entries = entries;
  curve.samples = samples_;
  double previous = 0;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    const double scale = HitRatioCurve::kScales[i];
    const double ratio = measured + ages_->HitRatio(scale * now) - modelled;
    previous = std::clamp(ratio, previous, 1.0);
    curve.points[i] = {scale, previous};
  }
  return curve;
}

}  // namespace appcache::policy
