#include "engine/lru/file_engine.h"

#include <utility>

#include "engine/support/file_size_signal.h"

namespace appcache::lru {
namespace {

// How often a call is repeated while somebody removes the file again and again.
// A thread that waits for a processor may meet several removals in one call.
constexpr int kMostTries = 10;

bool HasFailed(const Status& status) noexcept { return !status.ok(); }
template <class T>
bool HasFailed(const Result<T>& result) noexcept {
  return !result.ok();
}
template <class V>
bool HasFailed(const Lookup<V>& lookup) noexcept {
  return lookup.has_error();
}

template <class R>
R Failed(Status status) {
  if constexpr (requires { R::Failed(status); }) {
    return R::Failed(std::move(status));
  } else {
    return status;
  }
}

void AddCounters(const CacheStats& counters, CacheStats& sum) {
  sum.hits += counters.hits;
  sum.misses += counters.misses;
  sum.read_errors += counters.read_errors;
  sum.sets += counters.sets;
  sum.invalidations += counters.invalidations;
  sum.write_errors += counters.write_errors;
  sum.evictions = sum.evictions.value_or(0) + counters.evictions.value_or(0);
  sum.expirations =
      sum.expirations.value_or(0) + counters.expirations.value_or(0);
}

}  // namespace

FileEngine::FileEngine(OpenEngine open, EnginePtr engine,
                       std::chrono::milliseconds busy_timeout,
                       const LogSink& log)
    : open_(std::move(open)),
      busy_timeout_(busy_timeout),
      log_(log),
      first_(std::move(engine)),
      lane_(first_->name(), std::nullopt),
      engine_(first_) {
  FillSlots(ReferencesTo(engine_));
}

Result<std::shared_ptr<FileEngine>> FileEngine::Open(
    OpenEngine open, std::chrono::milliseconds busy_timeout,
    const LogSink& log) {
  Result<EnginePtr> engine = open();
  if (!engine.ok()) return engine.status();
  return std::shared_ptr<FileEngine>(
      new FileEngine(std::move(open), *std::move(engine), busy_timeout, log));
}

FileEngine::EnginePtr FileEngine::Current() const {
  Slot& slot = slots_[internal::StripedCounter::StripeOfThisThread()];
  internal::SpinLockGuard guard(slot.lock);
  return slot.engine;
}

std::vector<FileEngine::EnginePtr> FileEngine::ReferencesTo(
    const EnginePtr& engine) {
  std::vector<EnginePtr> references;
  references.reserve(internal::StripedCounter::kStripes);
  while (references.size() < internal::StripedCounter::kStripes) {
    references.emplace_back(std::make_shared<EnginePtr>(engine), engine.get());
  }
  return references;
}

void FileEngine::FillSlots(std::vector<EnginePtr> references) noexcept {
  for (size_t i = 0; i < references.size(); ++i) {
    Slot& slot = slots_[i];
    internal::SpinLockGuard guard(slot.lock);
    slot.engine.swap(references[i]);
  }
}

template <class R, class Operation, class MayRepeat, class CountFailure>
R FileEngine::RunWhile(const Operation& operation, const MayRepeat& may_repeat,
                       const CountFailure& count_failure) {
  if (in_child()) return Failed<R>(LruEngine::UsedInChild());
  for (int tries = 1;; ++tries) {
    const EnginePtr engine = Current();
    R result = operation(*engine);
    if (!HasFailed(result)) return result;
    if (engine->is_open()) return result;
    Status replaced = Replace(engine);
    if (replaced.ok() && tries < kMostTries && may_repeat()) continue;
    count_failure();
    return replaced.ok() ? std::move(result) : Failed<R>(std::move(replaced));
  }
}

Status FileEngine::Replace(const EnginePtr& moved) {
  const auto is_done = [&] {
    mutex_.AssertHeld();
    return engine_ != moved || is_closed_;
  };
  {
    internal::MutexLock guard(mutex_);
    if (is_done()) return Status();
  }
  const Result<internal::WriterLane::Held> held = lane_.Enter(busy_timeout_);
  if (!held.ok()) return held.status();
  {
    internal::MutexLock guard(mutex_);
    if (is_done()) return Status();
    old_.reserve(old_.size() + 1);
  }
  if (moved->IsInPlace()) return Status();
  Status status = moved->RemoveOwnLog();
  if (!status.ok()) return status;
  // For what is written before the writer lock is held.
  const internal::FileSizeSignalBlock no_signal;
  Result<EnginePtr> opened = open_();
  if (!opened.ok()) return opened.status();
  std::vector<EnginePtr> references = ReferencesTo(*opened);
  {
    internal::MutexLock guard(mutex_);
    if (is_closed_) return Status();
    CountEnded();
    old_.push_back(std::exchange(engine_, *opened));
    FillSlots(std::move(references));
  }
  (void)moved->Close().ok();  // it had nothing to write
  log_(LogLevel::kWarning, "the file of the cache " + name() +
                               " was removed, renamed or replaced: the one "
                               "that is there now, or a new one, was opened");
  return Status();
}

void FileEngine::CountEnded() {
  std::erase_if(old_, [&](const EnginePtr& engine) APPCACHE_REQUIRES(mutex_) {
    const long kept = engine == first_ ? 2 : 1;
    if (engine.use_count() > kept) return false;
    AddCounters(engine->Counters(), ended_);
    return true;
  });
}

Lookup<Bytes> FileEngine::Get(std::string_view path) {
  return Read<Bytes>([&](LruEngine& engine) { return engine.Get(path); });
}

Lookup<size_t> FileEngine::View(std::string_view path, ValueVisitor visitor) {
  return Read<size_t>(
      [&](LruEngine& engine) { return engine.View(path, visitor); });
}

Lookup<TimedBytes> FileEngine::GetTimed(std::string_view path) {
  return Read<TimedBytes>(
      [&](LruEngine& engine) { return engine.GetTimed(path); });
}

Lookup<Ttl> FileEngine::GetTtl(std::string_view path) {
  return Run<Lookup<Ttl>>(
      [&](LruEngine& engine) { return engine.GetTtl(path); });
}

Status FileEngine::Set(std::span<const RawEntry> entries) {
  return Write<Status>(entries.size(),
                       [&](LruEngine& engine) { return engine.Set(entries); });
}

Result<bool> FileEngine::Add(const RawEntry& entry) {
  return Write<Result<bool>>(
      1, [&](LruEngine& engine) { return engine.Add(entry); });
}

Result<bool> FileEngine::SetTtl(std::string_view path, Ttl ttl) {
  return Write<Result<bool>>(
      1, [&](LruEngine& engine) { return engine.SetTtl(path, ttl); });
}

Status FileEngine::Restore(std::span<const StoredEntry> entries) {
  return Run<Status>(
      [&](LruEngine& engine) { return engine.Restore(entries); });
}

Status FileEngine::Invalidate(std::span<const std::string_view> paths) {
  return Write<Status>(paths.size(), [&](LruEngine& engine) {
    return engine.Invalidate(paths);
  });
}

Status FileEngine::InvalidatePrefix(std::string_view prefix) {
  return Write<Status>(
      1, [&](LruEngine& engine) { return engine.InvalidatePrefix(prefix); });
}

Status FileEngine::Clear() {
  return Run<Status>([](LruEngine& engine) { return engine.Clear(); });
}

Status FileEngine::Flush() {
  return Run<Status>([](LruEngine& engine) { return engine.Flush(); });
}

Status FileEngine::Close() {
  EnginePtr engine;
  {
    internal::MutexLock guard(mutex_);
    is_closed_ = true;
    engine = engine_;
  }
  return engine->Close();
}

Status FileEngine::ForEach(store::Walk::With with, std::string_view prefix,
                           FunctionRef<bool(const StoredEntry&)> visit) {
  bool has_visited = false;
  return RunWhile<Status>(
      [&](LruEngine& engine) {
        return engine.ForEach(with, prefix, [&](const StoredEntry& entry) {
          has_visited = true;
          return visit(entry);
        });
      },
      [&] { return !has_visited; }, [] {});
}

Result<CheckReport> FileEngine::Check() {
  return Run<Result<CheckReport>>(
      [](LruEngine& engine) { return engine.Check(); });
}

Result<CheckReport> FileEngine::CheckAndFix() {
  return Run<Result<CheckReport>>(
      [](LruEngine& engine) { return engine.CheckAndFix(); });
}

// Once it is created, `file` cannot be created again.
Status FileEngine::CopyTo(store::SnapshotFile& file) {
  Status status = Flush();
  if (!status.ok()) return status;
  return RunWhile<Status>(
      [&](LruEngine& engine) { return engine.CopyTo(file); },
      [] { return false; }, [] {});
}

Status FileEngine::Load(std::span<const StoredEntry> entries,
                        const std::string& source) {
  return Run<Status>(
      [&](LruEngine& engine) { return engine.Load(entries, source); });
}

CacheStats FileEngine::Stats() {
  // Notices a file that has moved. In a child, a thread of the parent may hold
  // the mutex for ever.
  if (in_child()) return first_->Stats();
  (void)Ping().ok();
  // Each engine counts once, also if it is replaced at this moment.
  EnginePtr current;
  CacheStats replaced;
  {
    internal::MutexLock guard(mutex_);
    CountEnded();
    replaced = ended_;
    for (const EnginePtr& old : old_) AddCounters(old->Counters(), replaced);
    current = engine_;
  }
  CacheStats stats = current->Stats();
  AddCounters(replaced, stats);
  stats.misses += read_errors_.Sum();
  stats.read_errors += read_errors_.Sum();
  stats.write_errors += write_errors_.Sum();
  return stats;
}

Status FileEngine::Ping() {
  return Run<Status>([](LruEngine& engine) { return engine.Ping(); });
}

}  // namespace appcache::lru
