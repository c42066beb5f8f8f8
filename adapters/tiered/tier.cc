#include "adapters/tiered/tier.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "engine/key_path.h"

namespace appcache::tiered {
namespace {

// Keeps the epochs of different tiers apart, and far from overflowing.
constexpr uint64_t kEpochMask = (uint64_t{1} << 62) - 1;

// How many confirmations are asked for within max_staleness: one that comes
// late, or is lost with its link, does not end the lease.
constexpr int kPingsPerLease = 4;

std::string PrefixOf(const CacheOptions& options) {
  KeyPath path(options.prefix);
  path.Segment("");
  return std::string(path.view());
}

std::shared_ptr<const Clock> ClockOf(const TieredOptions& options) {
  return options.clock != nullptr ? options.clock : Clock::Steady();
}

void Increment(std::atomic<uint64_t>& counter) noexcept {
  counter.fetch_add(1, std::memory_order_relaxed);
}

Level LevelOf(const LocalLevel::Found& found) noexcept {
  return found.is_stale ? Level::kLocalStale : Level::kLocal;
}

uint64_t Read(const std::atomic<uint64_t>& counter) noexcept {
  return counter.load(std::memory_order_relaxed);
}

// Some of the paths of a batch, and where in it they are.
struct Places {
  std::vector<std::string_view> paths;
  std::vector<size_t> indices;

  void Add(std::string_view path, size_t index) {
    paths.push_back(path);
    indices.push_back(index);
  }
};

}  // namespace

Tier::Tier(std::shared_ptr<Cache> local, std::shared_ptr<Cache> remote,
           const TieredOptions& options, const Numbers& numbers)
    : options_(options),
      clock_(ClockOf(options)),
      events_(options.hook, options.cache.log, clock_),
      lease_(options.lease, numbers.first_epoch & kEpochMask),
      local_(std::move(local), PrefixOf(options.cache), options, clock_,
             lease_),
      remote_(std::move(remote), options.breaker, clock_, numbers.seed,
              [this](Breaker::State state) {
                events_.Post(state == Breaker::State::kOpen
                                 ? TierEvent::Kind::kBreakerOpened
                                 : TierEvent::Kind::kBreakerClosed);
              }),
      pending_([this](auto paths) { return InvalidateRemote(paths); },
               options.max_pending, options.breaker.open_for, options.max_wait,
               clock_),
      link_(lease_, local_, events_, options.cache.log, clock_, [this] {
        remote_.breaker().TryNow();
        pending_.Wake();
      }) {}

// The hook may use what is to go. The watch wakes what is pending, and that
// announces by the watch.
Tier::~Tier() {
  StopHook();
  pending_.Stop();
  watch_.reset();
}

Status Tier::Start() {
  WatchOptions watch;
  watch.path_prefix = PrefixOf(options_.cache);
  watch.ping_interval = options_.lease.max_staleness / kPingsPerLease;
  watch.ping_timeout = options_.lease.max_staleness;
  watch.allow_announced = options_.allow_announced;
  watch.clock = clock_;
  watch.seed = options_.seed;
  Result<std::unique_ptr<Watch>> made = remote_.cache().WatchRaw(watch, link_);
  if (made.ok()) {
    watch_ = *std::move(made);
    return Status();
  }
  if (!made.status().Is(ErrorCode::kUnsupported)) return made.status();
  link_.OnLost(made.status());
  return Status();
}

std::optional<LocalLevel::Found> Tier::Find(std::string_view path) {
  std::optional<LocalLevel::Found> found = local_.Find(path);
  if (found) Count(*found);
  return found;
}

void Tier::Count(const LocalLevel::Found& found) noexcept {
  Increment(found.copy.is_absence ? counters_.local_absences
            : found.is_stale      ? counters_.stale_hits
                                  : counters_.local_hits.count);
}

Lookup<TimedBytes> Tier::ToTimed(LocalLevel::Found found) const {
  Ttl left = kNoTtl;
  if (found.copy.ends_at != TimePoint::max()) {
    left = std::max(std::chrono::floor<Ttl>(found.copy.ends_at - clock_->Now()),
                    Ttl(1));
  }
  Lookup<TimedBytes> timed =
      found.copy.is_absence
          ? Lookup<TimedBytes>::Miss()
          : Lookup<TimedBytes>::Hit({std::move(found.copy.value), left});
  timed.set_level(LevelOf(found));
  return timed;
}

Lookup<Bytes> Tier::ToBytes(LocalLevel::Found found) {
  Lookup<Bytes> bytes = found.copy.is_absence
                            ? Lookup<Bytes>::Miss()
                            : Lookup<Bytes>::Hit(std::move(found.copy.value));
  bytes.set_level(LevelOf(found));
  return bytes;
}

void Tier::CountRemote(const Lookup<TimedBytes>& fetched) noexcept {
  Increment(fetched.is_hit()      ? counters_.remote_hits
            : fetched.has_error() ? counters_.remote_errors
                                  : counters_.remote_misses);
}

// The last resort of a leader, too, is another's fetch; but it is no answer of
// the remote's.
void Tier::CountShared(const Lookup<TimedBytes>& fetched) noexcept {
  Increment(counters_.fetches_shared);
  if (fetched.level() == Level::kRemote) {
    CountRemote(fetched);
  } else {
    Increment(counters_.stale_hits);
  }
}

Lookup<TimedBytes> Tier::Fetch(std::string_view path, uint64_t landings) {
  // The token first: a change that fails after the look at what is pending has
  // overtaken it.
  const LocalLevel::Token token = local_.BeginFetch(path);
  if (pending_.Has(path)) return GetPending(path);
  Fetches::Ticket ticket =
      fetches_.Join(path, token, token.begun - MaxStaleness());
  if (!ticket.is_leader()) {
    if (auto fetched = ticket.Wait(options_.max_wait)) {
      CountShared(*fetched);
      return *std::move(fetched);
    }
    // The leader found it here: so may this. Not what the leader found, for
    // which another lease held.
    if (auto found = Find(path)) return ToTimed(*std::move(found));
    return Ask(path, token);
  }
  // Another leader may have landed between the look at the local cache and
  // this.
  if (fetches_.landings() != landings) {
    if (auto found = Find(path)) return ToTimed(*std::move(found));
  }
  Lookup<TimedBytes> fetched = Ask(path, token);
  ticket.Land(fetched);
  return fetched;
}

std::chrono::milliseconds Tier::MaxStaleness() const noexcept {
  const std::chrono::milliseconds bound = options_.lease.max_staleness;
  return lease_.is_linked() ? bound : std::min(bound, options_.untracked_ttl);
}

Lookup<TimedBytes> Tier::Ask(std::string_view path,
                             const LocalLevel::Token& token) {
  return Received(path, token, remote_.Get(path));
}

Lookup<TimedBytes> Tier::Received(std::string_view path,
                                  const LocalLevel::Token& token,
                                  Lookup<TimedBytes> fetched) {
  fetched.set_level(Level::kRemote);
  CountRemote(fetched);
  if (fetched.has_error()) return AfterFailure(path, std::move(fetched));
  Keep(path, token, fetched);
  return fetched;
}

void Tier::Keep(std::string_view path, const LocalLevel::Token& token,
                const Lookup<TimedBytes>& fetched) noexcept {
  auto kept = LocalLevel::Kept::kNo;
  try {
    kept = local_.Keep(path, token, fetched, remote_.tells_ttl());
  } catch (const std::exception&) {
    // Without the memory for a copy there is still the value.
  }
  switch (kept) {
    case LocalLevel::Kept::kYes:
      Increment(counters_.copies_kept);
      break;
    case LocalLevel::Kept::kOvertaken:
      Increment(counters_.copies_overtaken);
      break;
    case LocalLevel::Kept::kNo:
      break;
  }
}

Lookup<TimedBytes> Tier::AfterFailure(std::string_view path,
                                      Lookup<TimedBytes> failed) {
  std::optional<Copy> copy = local_.LastResort(path);
  if (!copy) return failed;
  LocalLevel::Found found{*std::move(copy), /*is_stale=*/true};
  Count(found);
  Increment(counters_.last_resorts);
  return ToTimed(std::move(found));
}

Lookup<TimedBytes> Tier::GetPending(std::string_view path) {
  Status removed = RemovePending({&path, 1});
  Lookup<TimedBytes> gone =
      removed.ok() ? Lookup<TimedBytes>::Miss()
                   : Lookup<TimedBytes>::Failed(std::move(removed));
  gone.set_level(Level::kRemote);
  CountRemote(gone);
  return gone;
}

std::vector<Lookup<TimedBytes>> Tier::GetMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results(paths.size(),
                                          Lookup<TimedBytes>::Miss());
  std::vector<std::optional<LocalLevel::Found>> found = local_.FindMany(paths);
  Places pending;
  Places missing;
  std::vector<LocalLevel::Token> tokens;  // of those
  for (size_t i = 0; i < paths.size(); ++i) {
    if (found[i]) {
      Count(*found[i]);
      results[i] = ToTimed(*std::move(found[i]));
      continue;
    }
    // As in Fetch: the token first.
    const LocalLevel::Token token = local_.BeginFetch(paths[i]);
    if (pending_.Has(paths[i])) {
      pending.Add(paths[i], i);
    } else {
      missing.Add(paths[i], i);
      tokens.push_back(token);
    }
  }
  if (!pending.paths.empty()) {
    const Status removed = RemovePending(pending.paths);
    for (const size_t i : pending.indices) {
      if (!removed.ok()) results[i] = Lookup<TimedBytes>::Failed(removed);
      results[i].set_level(Level::kRemote);
      CountRemote(results[i]);
    }
  }
  if (missing.paths.empty()) return results;
  std::vector<Lookup<TimedBytes>> fetched = remote_.GetMany(missing.paths);
  for (size_t i = 0; i < missing.paths.size() && i < fetched.size(); ++i) {
    results[missing.indices[i]] =
        Received(missing.paths[i], tokens[i], std::move(fetched[i]));
  }
  return results;
}

Lookup<Ttl> Tier::TtlOf(std::string_view path) {
  if (!pending_.Has(path)) return remote_.TtlOf(path);
  const Status removed = RemovePending({&path, 1});
  return removed.ok() ? Lookup<Ttl>::Miss() : Lookup<Ttl>::Failed(removed);
}

bool Tier::is_coherent() const {
  return lease_.is_linked() && lease_.At(clock_->Now()).is_fresh &&
         pending_.size() == 0;
}

void Tier::AddReads(CacheStats& stats) const {
  const uint64_t resorts = Read(counters_.last_resorts);
  // Both grow meanwhile.
  const uint64_t errors =
      std::max(Read(counters_.remote_errors), resorts) - resorts;
  stats.hits = Read(counters_.local_hits.count) + Read(counters_.stale_hits) +
               Read(counters_.remote_hits);
  stats.misses =
      Read(counters_.local_absences) + Read(counters_.remote_misses) + errors;
  stats.read_errors = errors;
}

TierReport Tier::Report() const {
  TierReport report;
  link_.Report(report);
  report.is_coherent = is_coherent();
  report.local_hits = Read(counters_.local_hits.count);
  report.stale_hits = Read(counters_.stale_hits);
  report.local_absences = Read(counters_.local_absences);
  report.remote_hits = Read(counters_.remote_hits);
  report.remote_misses = Read(counters_.remote_misses);
  report.remote_errors = Read(counters_.remote_errors);
  report.fetches_shared = Read(counters_.fetches_shared);
  report.copies_kept = Read(counters_.copies_kept);
  report.copies_overtaken = Read(counters_.copies_overtaken);
  report.asks_remote = remote_.breaker().state() == Breaker::State::kClosed;
  report.breaker_openings = remote_.breaker().openings();
  report.pending = pending_.size();
  report.pending_lost = pending_.lost();
  report.events_dropped = events_.dropped();
  return report;
}

}  // namespace appcache::tiered
