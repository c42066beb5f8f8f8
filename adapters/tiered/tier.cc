#include "adapters/tiered/tier.h"

#include <algorithm>
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

// Whether the remote may still have what the operation was to remove or to
// replace. Of a value that is too large it has nothing; of a key that it does
// not take, neither.
bool LeavesDoubt(const Status& outcome) {
  return !outcome.ok() && !outcome.Is(ErrorCode::kTooLarge) &&
         !outcome.Is(ErrorCode::kInvalidKey) &&
         !outcome.Is(ErrorCode::kInvalidArgument);
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

std::string_view PathOf(std::string_view path) noexcept { return path; }
std::string_view PathOf(const Cache::RawEntry& entry) noexcept {
  return entry.path;
}

}  // namespace

Tier::Tier(std::shared_ptr<Cache> local, std::shared_ptr<Cache> remote,
           const TieredOptions& options, uint64_t seed)
    : options_(options),
      clock_(ClockOf(options)),
      lease_(options.lease, seed & kEpochMask),
      local_(std::move(local), PrefixOf(options.cache), options, clock_,
             lease_),
      remote_(std::move(remote), options.breaker, clock_, seed),
      pending_([this](auto paths) { return InvalidateRemote(paths); },
               options.max_pending, options.breaker.open_for, clock_),
      link_(lease_, local_, options.cache.log, clock_, [this] {
        remote_.breaker().TryNow();
        pending_.Wake();
      }) {}

// The watch wakes what is pending, and that announces by the watch.
Tier::~Tier() {
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
                                  : counters_.local_hits);
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

Lookup<TimedBytes> Tier::Fetch(std::string_view path) {
  if (pending_.Has(path)) return GetPending(path);
  const uint64_t landings = fetches_.landings();
  const LocalLevel::Token token = local_.BeginFetch(path);
  Fetches::Ticket ticket =
      fetches_.Join(path, token, token.begun - options_.lease.max_staleness);
  if (!ticket.is_leader()) {
    if (auto fetched = ticket.Wait(options_.max_wait)) {
      Increment(counters_.fetches_shared);
      CountRemote(*fetched);
      return *std::move(fetched);
    }
    return Ask(path, token);
  }
  // Another leader may have landed between the look at the local cache and
  // this.
  if (fetches_.landings() != landings) {
    if (auto found = Find(path)) {
      Lookup<TimedBytes> answer = ToTimed(*std::move(found));
      ticket.Land(answer);
      return answer;
    }
  }
  Lookup<TimedBytes> fetched = Ask(path, token);
  ticket.Land(fetched);
  return fetched;
}

Lookup<TimedBytes> Tier::Ask(std::string_view path,
                             const LocalLevel::Token& token) {
  Lookup<TimedBytes> fetched = remote_.Get(path);
  fetched.set_level(Level::kRemote);
  CountRemote(fetched);
  if (fetched.has_error()) return AfterFailure(path, std::move(fetched));
  Keep(path, token, fetched);
  return fetched;
}

void Tier::Keep(std::string_view path, const LocalLevel::Token& token,
                const Lookup<TimedBytes>& fetched) {
  switch (local_.Keep(path, token, fetched, remote_.tells_ttl())) {
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
  const uint64_t mark = pending_.Mark();
  Status removed = InvalidateRemote({&path, 1});
  if (!removed.ok()) {
    Increment(counters_.remote_errors);
    return Lookup<TimedBytes>::Failed(std::move(removed));
  }
  pending_.Settle(path, mark);
  Increment(counters_.remote_misses);
  return Lookup<TimedBytes>::Miss();
}

std::vector<Lookup<TimedBytes>> Tier::GetMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results(paths.size(),
                                          Lookup<TimedBytes>::Miss());
  std::vector<std::optional<LocalLevel::Found>> found = local_.FindMany(paths);
  std::vector<std::string_view> missing;
  std::vector<size_t> places;
  std::vector<LocalLevel::Token> tokens;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (found[i]) {
      Count(*found[i]);
      results[i] = ToTimed(*std::move(found[i]));
    } else if (pending_.Has(paths[i])) {
      results[i] = GetPending(paths[i]);
    } else {
      missing.push_back(paths[i]);
      places.push_back(i);
      tokens.push_back(local_.BeginFetch(paths[i]));
    }
  }
  if (missing.empty()) return results;
  std::vector<Lookup<TimedBytes>> fetched = remote_.GetMany(missing);
  for (size_t i = 0; i < missing.size() && i < fetched.size(); ++i) {
    fetched[i].set_level(Level::kRemote);
    CountRemote(fetched[i]);
    if (fetched[i].has_error()) {
      fetched[i] = AfterFailure(missing[i], std::move(fetched[i]));
    } else {
      Keep(missing[i], tokens[i], fetched[i]);
    }
    results[places[i]] = std::move(fetched[i]);
  }
  return results;
}

template <class Paths>
void Tier::Settle(const Paths& paths, const Status& outcome, uint64_t mark) {
  // Before the call returns, whatever became of it.
  for (const auto& path : paths) local_.Drop(PathOf(path));
  if (outcome.ok()) {
    for (const auto& path : paths) pending_.Settle(PathOf(path), mark);
  } else if (LeavesDoubt(outcome)) {
    for (const auto& path : paths) pending_.Add(PathOf(path));
  }
}

Status Tier::Set(std::span<const Cache::RawEntry> entries) {
  if (entries.empty()) return Status();
  const uint64_t mark = pending_.Mark();
  Status status = remote_.Set(entries);
  if (watch_ != nullptr && status.ok()) {
    std::vector<std::string_view> paths;
    paths.reserve(entries.size());
    for (const Cache::RawEntry& entry : entries) paths.push_back(entry.path);
    status = watch_->Announce(paths);
  }
  Settle(entries, status, mark);
  return status;
}

Result<bool> Tier::Add(const Cache::RawEntry& entry) {
  const uint64_t mark = pending_.Mark();
  // What is to be gone is no entry that is in the way.
  if (pending_.Has(entry.path)) {
    const Lookup<TimedBytes> gone = GetPending(entry.path);
    if (gone.has_error()) return gone.status();
  }
  Result<bool> added = remote_.Add(entry);
  Status status = added.status();
  if (added.ok() && *added && watch_ != nullptr) {
    status = watch_->Announce({&entry.path, 1});
  }
  Settle(std::span(&entry, 1), status, mark);
  return status.ok() ? added : status;
}

Status Tier::InvalidateRemote(std::span<const std::string_view> paths) {
  Status status = remote_.Invalidate(paths);
  if (status.ok() && watch_ != nullptr) status = watch_->Announce(paths);
  return status;
}

Status Tier::Invalidate(std::span<const std::string_view> paths) {
  if (paths.empty()) return Status();
  const uint64_t mark = pending_.Mark();
  Status status = InvalidateRemote(paths);
  Settle(paths, status, mark);
  return status;
}

Status Tier::Clear() {
  const uint64_t mark = pending_.Mark();
  Status status = remote_.Clear();
  if (status.ok() && watch_ != nullptr) status = watch_->AnnounceAll();
  local_.DropAll();
  // For the room: none of it is served any more.
  (void)local_.cache().ClearRaw().ok();
  if (status.ok()) pending_.SettleAll(mark);
  return status;
}

Lookup<Ttl> Tier::TtlOf(std::string_view path) {
  if (!pending_.Has(path)) return remote_.TtlOf(path);
  const Lookup<TimedBytes> gone = GetPending(path);
  return gone.has_error() ? Lookup<Ttl>::Failed(gone.status())
                          : Lookup<Ttl>::Miss();
}

bool Tier::is_coherent() const {
  return lease_.is_linked() && lease_.At(clock_->Now()).is_fresh &&
         pending_.size() == 0;
}

void Tier::AddReads(CacheStats& stats) const {
  const uint64_t errors =
      Read(counters_.remote_errors) - Read(counters_.last_resorts);
  stats.hits = Read(counters_.local_hits) + Read(counters_.stale_hits) +
               Read(counters_.remote_hits);
  stats.misses =
      Read(counters_.local_absences) + Read(counters_.remote_misses) + errors;
  stats.read_errors = errors;
}

TierReport Tier::Report() const {
  TierReport report;
  link_.Report(report);
  report.is_coherent = is_coherent();
  report.local_hits = Read(counters_.local_hits);
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
  return report;
}

}  // namespace appcache::tiered
