#include "adapters/tiered/tiered_backend.h"

#include <cassert>
#include <random>
#include <utility>

#include "adapters/tiered/options.h"
#include "appcache/key_path.h"

namespace appcache::tiered {
namespace {

// Heartbeats that are requested within max_staleness. The lease survives the
// loss or delay of one.
constexpr int kHeartbeatsPerLease = 4;

// Not zero.
uint64_t RandomNumber() {
  std::random_device random;
  return (uint64_t{random()} << 32 | random()) | 1;
}

// Random, so that copies which an earlier tier has left in the local cache
// belong to another epoch. Far below 2^63, so that it cannot overflow.
uint64_t RandomEpoch() { return RandomNumber() >> 2; }

std::string PrefixOf(const CacheOptions& options) {
  KeyPath path(options.prefix);
  path.Segment("");
  return std::string(path.view());
}

std::shared_ptr<const Clock> ClockOf(const TieredOptions& options) {
  return options.clock != nullptr ? options.clock : Clock::Steady();
}

BackendTraits TraitsOf(const Backend& local, const Backend& remote,
                       const TieredOptions& options) {
  const BackendTraits local_traits = local.Traits();
  BackendTraits traits = remote.Traits();
  traits.name = "tiered";
  traits.location = local_traits.location + ", in front of " + traits.location;
  traits.cleared += ", and the local copies";
  // A tier in front of this one could be notified before this one has dropped
  // its copy, and would fetch the old value.
  traits.supports_watch = false;
  traits.limits.emplace_back(
      "max_staleness",
      std::to_string(options.lease.max_staleness.count()) + " ms");
  traits.limits.emplace_back("when_lost", ToString(options.lease.when_lost));
  for (const auto& [name, value] : local_traits.limits) {
    traits.limits.emplace_back("local " + name, value);
  }
  return traits;
}

}  // namespace

Result<std::shared_ptr<TieredBackend>> TieredBackend::Open(
    std::shared_ptr<Backend> local, std::shared_ptr<Backend> remote,
    const TieredOptions& options) {
  Status status = ValidateBackends(local.get(), remote.get());
  if (status.ok()) status = Validate(options);
  if (!status.ok()) return status;
  std::shared_ptr<TieredBackend> tier(
      new TieredBackend(std::move(local), std::move(remote), options));
  status = tier->Start();
  if (!status.ok()) return status;
  return tier;
}

TieredBackend::TieredBackend(std::shared_ptr<Backend> local,
                             std::shared_ptr<Backend> remote,
                             const TieredOptions& options)
    : options_(options),
      clock_(ClockOf(options)),
      events_(options.hook, options.cache.log, clock_),
      lease_(options.lease, RandomEpoch()),
      local_(std::move(local), PrefixOf(options.cache), options, clock_,
             lease_),
      remote_(std::move(remote), options.breaker, clock_,
              options.seed != 0 ? options.seed : RandomNumber(),
              [this](Breaker::State state) {
                events_.Post(state == Breaker::State::kOpen
                                 ? TierEvent::Kind::kBreakerOpened
                                 : TierEvent::Kind::kBreakerClosed);
              }),
      traits_(TraitsOf(local_.backend(), remote_.backend(), options)),
      retry_queue_([this](auto paths) { return InvalidateRemote(paths); },
                   options.max_pending, options.breaker.open_for,
                   options.max_wait, clock_),
      link_(lease_, local_, events_, options.cache.log, clock_, [this] {
        remote_.breaker().ProbeNow();
        retry_queue_.RetryNow();
      }) {}

// A retry announces through the watch, so the queue stops before it. The watch
// calls the link, which then only asks a stopped queue to retry.
TieredBackend::~TieredBackend() {
  assert(!fork_guard_.in_child());
  StopHook();
  retry_queue_.Stop();
  watch_.reset();
}

Status TieredBackend::Start() {
  WatchOptions watch;
  watch.path_prefix = PrefixOf(options_.cache);
  watch.ping_interval = options_.lease.max_staleness / kHeartbeatsPerLease;
  watch.ping_timeout = options_.lease.max_staleness;
  watch.allow_announced = options_.allow_announced;
  watch.clock = clock_;
  watch.seed = options_.seed;
  Result<std::unique_ptr<Watch>> made =
      remote_.backend().WatchRaw(watch, link_);
  if (made.ok()) {
    watch_ = *std::move(made);
    return Status();
  }
  if (!made.status().Is(ErrorCode::kUnsupported)) return made.status();
  link_.OnLost(made.status());
  return Status();
}

Status TieredBackend::OpenedBeforeFork() {
  return Status(ErrorCode::kUnavailable,
                "this tier was opened before fork() and belongs to the parent "
                "process; open another one in the child");
}

void TieredBackend::StopHook() {
  if (!fork_guard_.in_child()) events_.Stop();
}

// Two threads of a child may each destroy a Cache on this backend.
void TieredBackend::AbandonInChild() noexcept {
  assert(fork_guard_.in_child());
  if (!is_abandoned_.exchange(true)) watch_.reset();
}

bool TieredBackend::is_coherent() const noexcept {
  return !fork_guard_.in_child() && lease_.is_linked() &&
         lease_.At(clock_->Now()).is_fresh && retry_queue_.size() == 0;
}

TierReport TieredBackend::Report() const {
  TierReport report;
  if (fork_guard_.in_child()) return report;
  link_.AddTo(report);
  reads_.AddTo(report);
  report.is_coherent = is_coherent();
  report.breaker_is_closed =
      remote_.breaker().state() == Breaker::State::kClosed;
  report.breaker_openings = remote_.breaker().openings();
  report.invalidations_queued = retry_queue_.size();
  report.invalidations_lost = retry_queue_.lost();
  report.events_dropped = events_.dropped();
  return report;
}

Result<std::string> TieredBackend::Ping() {
  return Guarded<Result<std::string>>([&] { return remote_.backend().Ping(); });
}

CacheStats TieredBackend::Stats() const {
  CacheStats stats = writes_.Stats();
  reads_.AddTo(stats);
  if (fork_guard_.in_child()) return stats;
  const CacheStats remote = remote_.backend().Stats();
  stats.evictions = remote.evictions;
  stats.expirations = remote.expirations;
  stats.entries = remote.entries;
  stats.bytes = remote.bytes;
  const CacheStats local = local_.backend().Stats();
  stats.database_memory_bytes = local.database_memory_bytes;
  stats.log_memory_bytes = local.log_memory_bytes;
  stats.resident_bytes = local.resident_bytes;
  return stats;
}

}  // namespace appcache::tiered
