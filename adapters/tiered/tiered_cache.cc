#include "adapters/tiered/tiered_cache.h"

#include <chrono>
#include <random>
#include <string>
#include <utility>

#include "adapters/tiered/tier.h"
#include "engine/backend_counters.h"
#include "engine/fork_guard.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

Status OutOfRange(std::string_view name, milliseconds value,
                  std::string_view range) {
  std::string message(name);
  message += " is " + std::to_string(value.count()) + " ms; it must be ";
  message += range;
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status ValidateTimes(const TieredOptions& options) {
  constexpr milliseconds kHour = std::chrono::hours(1);
  constexpr milliseconds kDay = std::chrono::hours(24);
  constexpr milliseconds kYear = kDay * 365;
  const LeasePolicy& lease = options.lease;
  if (lease.max_staleness < milliseconds(4) || lease.max_staleness > kHour) {
    return OutOfRange("max_staleness", lease.max_staleness,
                      "from 4 ms to an hour");
  }
  if (lease.max_stale_age < lease.max_staleness ||
      lease.max_stale_age > kYear) {
    return OutOfRange("max_stale_age", lease.max_stale_age,
                      "from max_staleness to a year");
  }
  if (options.breaker.open_for < milliseconds(1) ||
      options.breaker.open_for > kDay) {
    return OutOfRange("open_for", options.breaker.open_for,
                      "from 1 ms to a day");
  }
  if (options.untracked_ttl < milliseconds(1) ||
      options.untracked_ttl > kMaxTtl) {
    return OutOfRange("untracked_ttl", options.untracked_ttl,
                      "from 1 ms to 100 years");
  }
  if (options.max_wait < milliseconds(1) || options.max_wait > kDay) {
    return OutOfRange("max_wait", options.max_wait, "from 1 ms to a day");
  }
  for (const auto& [name, ttl] :
       {std::pair("max_local_ttl", options.max_local_ttl),
        std::pair("absence_ttl", options.absence_ttl)}) {
    if (ttl < kNoTtl || ttl > kMaxTtl) {
      return OutOfRange(name, ttl, "from zero to 100 years");
    }
  }
  return Status();
}

Status Validate(const Cache* local, const Cache* remote,
                const TieredOptions& options) {
  if (local == nullptr || remote == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the local or the remote cache is null; a tier has both");
  }
  if (local == remote) {
    return Status(ErrorCode::kInvalidArgument,
                  "the local and the remote cache are the same object; a tier "
                  "needs a local cache of its own");
  }
  if (options.cache.compressor == nullptr || options.cache.log == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the compressor or the log sink is null; leave the default, "
                  "or give one that does nothing");
  }
  if (options.breaker.failures == 0 || options.max_pending == 0) {
    return Status(ErrorCode::kInvalidArgument,
                  "breaker.failures or max_pending is zero; both must be from "
                  "1 on");
  }
  return ValidateTimes(options);
}

// Not zero.
uint64_t Random() {
  std::random_device random;
  return (uint64_t{random()} << 32 | random()) | 1;
}

std::string_view ToString(WhenLost when_lost) noexcept {
  switch (when_lost) {
    case WhenLost::kBypass:
      return "bypass";
    case WhenLost::kBounded:
      return "bounded";
    case WhenLost::kServeStale:
      return "serve_stale";
  }
  return "unknown";
}

BackendTraits TraitsOf(const Cache& local, const Cache& remote,
                       const TieredOptions& options) {
  const BackendTraits local_traits = local.Traits();
  BackendTraits traits = remote.Traits();
  traits.name = "tiered";
  traits.location = local_traits.location + ", in front of " + traits.location;
  traits.cleared += ", and the copies here";
  traits.tells_changes = false;
  traits.limits.emplace_back(
      "max_staleness",
      std::to_string(options.lease.max_staleness.count()) + " ms");
  traits.limits.emplace_back("when_lost", ToString(options.lease.when_lost));
  for (const auto& [name, value] : local_traits.limits) {
    traits.limits.emplace_back("local " + name, value);
  }
  return traits;
}

Lookup<Bytes> ToBytes(Lookup<TimedBytes> timed) {
  Lookup<Bytes> bytes = timed ? Lookup<Bytes>::Hit(std::move(timed->value))
                        : timed.has_error()
                            ? Lookup<Bytes>::Failed(timed.status())
                            : Lookup<Bytes>::Miss();
  bytes.set_level(timed.level());
  return bytes;
}

}  // namespace

// The tier, what is counted of it as of any backend, and who may use it.
class TieredCache::State {
 public:
  State(std::shared_ptr<Cache> local, std::shared_ptr<Cache> remote,
        const TieredOptions& options)
      : tier(std::move(local), std::move(remote), options,
             {.first_epoch = Random(),
              .seed = options.seed != 0 ? options.seed : Random()}),
        traits(TraitsOf(tier.local(), tier.remote(), options)) {}

  bool in_child() const noexcept { return fork_guard_.in_child(); }
  static Status InChild() {
    return Status(ErrorCode::kUnavailable,
                  "this tier was opened before fork() and is the parent's; "
                  "open one in the child");
  }

  Lookup<TimedBytes> Get(std::string_view path) {
    if (in_child()) return Lookup<TimedBytes>::Failed(InChild());
    const uint64_t landings = tier.landings();
    if (auto found = tier.Find(path)) return tier.ToTimed(*std::move(found));
    return tier.Fetch(path, landings);
  }

  Lookup<Bytes> GetUntimed(std::string_view path) {
    if (in_child()) return Lookup<Bytes>::Failed(InChild());
    const uint64_t landings = tier.landings();
    if (auto found = tier.Find(path)) return tier.ToBytes(*std::move(found));
    return ToBytes(tier.Fetch(path, landings));
  }

  std::vector<Lookup<TimedBytes>> GetMany(
      std::span<const std::string_view> paths) {
    if (in_child()) {
      return {paths.size(), Lookup<TimedBytes>::Failed(InChild())};
    }
    return tier.GetMany(paths);
  }

  tiered::Tier tier;
  BackendCounters counters;  // of writes
  const BackendTraits traits;

 private:
  const ForkGuard fork_guard_;
};

TieredCache::TieredCache(CacheOptions options, std::unique_ptr<State> state)
    : Cache(std::move(options)), state_(std::move(state)) {}

// The hook may be using all of it. In a child the threads are not there, and
// what they held may be locked. But the link's connection is to end when the
// parent's does.
TieredCache::~TieredCache() {
  if (!state_->in_child()) state_->tier.StopHook();
  FinishLoads();
  if (!state_->in_child()) return;
  state_->tier.CloseInChild();
  LeakInChild(std::move(state_));
}

TieredCache::Opened TieredCache::Open(std::shared_ptr<Cache> local,
                                      std::shared_ptr<Cache> remote,
                                      TieredOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    Status status = Validate(local.get(), remote.get(), options);
    if (!status.ok()) return status;
    auto state =
        std::make_unique<State>(std::move(local), std::move(remote), options);
    status = state->tier.Start();
    if (!status.ok()) return status;
    return std::unique_ptr<TieredCache>(
        new TieredCache(std::move(options.cache), std::move(state)));
  });
}

bool TieredCache::coherent() const {
  return !state_->in_child() && state_->tier.is_coherent();
}

TierReport TieredCache::Report() const {
  return state_->in_child() ? TierReport() : state_->tier.Report();
}

BackendTraits TieredCache::Traits() const { return state_->traits; }

Result<std::string> TieredCache::Ping() {
  if (state_->in_child()) return State::InChild();
  return state_->tier.remote().Ping();
}

Lookup<Bytes> TieredCache::GetRaw(std::string_view path) {
  return WithoutExceptions<Lookup<Bytes>>(
      [&] { return state_->GetUntimed(path); });
}

Lookup<TimedBytes> TieredCache::GetTimedRaw(std::string_view path) {
  if (!state_->traits.tells_ttl) return Cache::GetTimedRaw(path);
  Lookup<TimedBytes> found =
      WithoutExceptions<Lookup<TimedBytes>>([&] { return state_->Get(path); });
  state_->counters.CountRead(found);
  return found;
}

Lookup<Ttl> TieredCache::TtlRaw(std::string_view path) {
  return WithoutExceptions<Lookup<Ttl>>([&] {
    return state_->in_child() ? Lookup<Ttl>::Failed(State::InChild())
                              : state_->tier.TtlOf(path);
  });
}

std::vector<Lookup<Bytes>> TieredCache::GetManyRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<Bytes>> found(paths.size(), Lookup<Bytes>::Miss());
  const Status status = WithoutExceptions<Status>([&] {
    std::vector<Lookup<TimedBytes>> timed = state_->GetMany(paths);
    for (size_t i = 0; i < timed.size(); ++i) {
      found[i] = ToBytes(std::move(timed[i]));
    }
    return Status();
  });
  if (!status.ok()) found.assign(paths.size(), Lookup<Bytes>::Failed(status));
  return found;
}

std::vector<Lookup<TimedBytes>> TieredCache::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  if (!state_->traits.tells_ttl) return Cache::GetManyTimedRaw(paths);
  std::vector<Lookup<TimedBytes>> found;
  const Status status = WithoutExceptions<Status>([&] {
    found = state_->GetMany(paths);
    return Status();
  });
  if (!status.ok()) {
    found.assign(paths.size(), Lookup<TimedBytes>::Failed(status));
  }
  return found;
}

Status TieredCache::SetRaw(std::string_view path, std::string_view value,
                           Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status TieredCache::SetManyRaw(std::span<const RawEntry> entries) {
  Status status = WithoutExceptions<Status>([&] {
    return state_->in_child() ? State::InChild() : state_->tier.Set(entries);
  });
  const uint64_t failed = status.ok() ? 0 : entries.size();
  state_->counters.CountSets(entries.size() - failed, failed);
  return status;
}

Result<bool> TieredCache::AddRaw(std::string_view path, std::string_view value,
                                 Ttl ttl) {
  if (!state_->traits.adds) return Cache::AddRaw(path, value, ttl);
  auto added = WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    if (state_->in_child()) return State::InChild();
    return state_->tier.Add({path, value, ttl});
  });
  state_->counters.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Status TieredCache::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status TieredCache::InvalidateManyRaw(std::span<const std::string_view> paths) {
  Status status = WithoutExceptions<Status>([&] {
    return state_->in_child() ? State::InChild()
                              : state_->tier.Invalidate(paths);
  });
  const uint64_t failed = status.ok() ? 0 : paths.size();
  state_->counters.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Status TieredCache::InvalidatePrefixRaw(std::string_view path_prefix) {
  if (!state_->traits.invalidates_prefixes) {
    return Cache::InvalidatePrefixRaw(path_prefix);
  }
  return WithoutExceptions<Status>([&] {
    return state_->in_child() ? State::InChild()
                              : state_->tier.InvalidatePrefix(path_prefix);
  });
}

Status TieredCache::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    return state_->in_child() ? State::InChild() : state_->tier.Clear();
  });
}

CacheStats TieredCache::RawStats() const {
  CacheStats stats = state_->counters.Stats();
  if (!state_->in_child()) state_->tier.AddReads(stats);
  return stats;
}

}  // namespace appcache
