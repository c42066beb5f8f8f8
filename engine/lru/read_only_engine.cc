#include "engine/lru/read_only_engine.h"

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include "engine/lru/check_steps.h"
#include "engine/lru/expiry.h"
#include "engine/lru/hash.h"
#include "engine/lru/limits.h"
#include "engine/lru/lru_engine.h"
#include "engine/lru/open.h"
#include "engine/lru/snapshot.h"
#include "engine/lru/stored_entry.h"

namespace appcache::lru {
namespace {

// How often a call is repeated while others write or replace the file. Once a
// writer has a log, a view takes locks and stays current.
constexpr int kMostReads = 5;

// Connections that are kept for later calls.
constexpr size_t kMostIdle = 16;

}  // namespace

ReadOnlyEngine::ReadOnlyEngine(const std::string& path, Settings settings)
    : open_name_(path),
      path_(path),
      settings_(std::move(settings)),
      limits_{kLargestLimit, std::nullopt} {
  idle_.reserve(kMostIdle);
}

Result<std::shared_ptr<ReadOnlyEngine>> ReadOnlyEngine::Open(
    const std::string& path, Settings settings) {
  assert(settings.clock != nullptr);
  std::shared_ptr<ReadOnlyEngine> engine(
      new ReadOnlyEngine(path, std::move(settings)));
  Status answered = engine->Ping();
  if (!answered.ok()) return answered;
  return engine;
}

ReadOnlyEngine::~ReadOnlyEngine() {
  assert(!in_child());
  (void)Close().ok();
}

Status ReadOnlyEngine::CheckUsable() const {
  if (in_child()) return LruEngine::UsedInChild();
  internal::MutexLock guard(mutex_);
  if (!is_closed_) return Status();
  return Status(ErrorCode::kUnavailable,
                "the cache " + path_ + " has been closed");
}

Status ReadOnlyEngine::Refused() const {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  return Status(ErrorCode::kUnavailable,
                "cannot write to " + path_ +
                    ": this cache was opened to read only; open the file with "
                    "OpenFile, or without mode=ro",
                EROFS);
}

Status ReadOnlyEngine::RefuseEntries(uint64_t entries) noexcept {
  write_errors_.Add(entries);
  return Refused();
}

Result<ReadOnlyEngine::ViewPtr> ReadOnlyEngine::OpenView() const {
  return store::FileView::Open(path_, settings_.vfs, settings_.busy_timeout);
}

Result<ReadOnlyEngine::ViewPtr> ReadOnlyEngine::BeginUse(bool& is_new) {
  ViewPtr view;
  {
    internal::MutexLock guard(mutex_);
    if (is_closed_) {
      return Status(ErrorCode::kUnavailable,
                    "the cache " + path_ + " has been closed");
    }
    ++uses_;
    if (!idle_.empty()) {
      view = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  is_new = view == nullptr;
  if (!is_new) return view;
  // Without the mutex: opening may take a while.
  Result<ViewPtr> opened =
      WithoutExceptions<Result<ViewPtr>>([&] { return OpenView(); });
  if (!opened.ok()) EndUse(nullptr);
  return opened;
}

void ReadOnlyEngine::EndUse(ViewPtr view) noexcept {
  internal::MutexLock guard(mutex_);
  if (view != nullptr && !is_closed_ && idle_.size() < kMostIdle) {
    idle_.push_back(std::move(view));  // reserved
  }
  view.reset();
  if (--uses_ == 0) ended_.notify_all();
}

template <class V, class Read>
Lookup<V> ReadOnlyEngine::WithView(const Read& read) {
  for (int tries = 1;; ++tries) {
    bool is_new = false;
    Result<ViewPtr> view = BeginUse(is_new);
    if (!view.ok()) return Lookup<V>::Failed(view.status());
    std::optional<Lookup<V>> result;
    Status current;
    try {
      result.emplace(read(**view));
      current = (*view)->CheckCurrent();
    } catch (...) {
      EndUse(nullptr);
      throw;
    }
    // An old view may fail because of what has changed since it was opened.
    const bool is_final = current.ok() && (is_new || !result->has_error());
    EndUse(is_final && !result->has_error() ? *std::move(view) : nullptr);
    if (is_final) return *std::move(result);
    if (tries == kMostReads) {
      return current.ok() ? *std::move(result)
                          : Lookup<V>::Failed(std::move(current));
    }
  }
}

template <class V, class Make>
Lookup<V> ReadOnlyEngine::Find(std::string_view path, const Make& make) {
  if (Status valid = CheckKeySize(path); !valid.ok()) {
    return Lookup<V>::Failed(std::move(valid));
  }
  if (Status usable = CheckUsable(); !usable.ok()) {
    return Lookup<V>::Failed(std::move(usable));
  }
  Lookup<V> result = WithView<V>([&](store::FileView& view) {
    Lookup<store::FoundValue> found =
        view.reader().Find(HashPath(path, view.hash_seed()), path);
    if (found.has_error()) return Lookup<V>::Failed(found.status());
    const TimePoint now = settings_.clock->Now();
    if (!found || HasExpired(found->expires_at_ms, now)) {
      return Lookup<V>::Miss();
    }
    return Lookup<V>::Hit(make(*std::move(found), now));
  });
  (result ? hits_ : misses_).Increment();
  if (result.has_error()) read_errors_.Increment();
  return result;
}

Lookup<Bytes> ReadOnlyEngine::Get(std::string_view path) {
  return Find<Bytes>(path, [](store::FoundValue&& found, TimePoint) {
    return std::move(found.value);
  });
}

Lookup<size_t> ReadOnlyEngine::View(std::string_view path,
                                    ValueVisitor visitor) {
  return Get(path).Map([&](const Bytes& value) {
    visitor(value.view());
    return value.size();
  });
}

Lookup<TimedBytes> ReadOnlyEngine::GetTimed(std::string_view path) {
  return Find<TimedBytes>(path, [](store::FoundValue&& found, TimePoint now) {
    return TimedBytes{std::move(found.value),
                      RemainingTtl(found.expires_at_ms, now)};
  });
}

Lookup<Ttl> ReadOnlyEngine::GetTtl(std::string_view path) {
  if (Status valid = CheckKeySize(path); !valid.ok()) {
    return Lookup<Ttl>::Failed(std::move(valid));
  }
  if (Status usable = CheckUsable(); !usable.ok()) {
    return Lookup<Ttl>::Failed(std::move(usable));
  }
  return WithView<Ttl>([&](store::FileView& view) {
    const Lookup<int64_t> found =
        view.reader().FindExpiry(HashPath(path, view.hash_seed()), path);
    if (found.has_error()) return Lookup<Ttl>::Failed(found.status());
    const TimePoint now = settings_.clock->Now();
    if (!found || HasExpired(*found, now)) return Lookup<Ttl>::Miss();
    return Lookup<Ttl>::Hit(RemainingTtl(*found, now));
  });
}

Status ReadOnlyEngine::Set(std::span<const RawEntry> entries) {
  return RefuseEntries(entries.size());
}

Result<bool> ReadOnlyEngine::Add(const RawEntry&) { return RefuseEntries(1); }

Result<bool> ReadOnlyEngine::SetTtl(std::string_view, Ttl) {
  return RefuseEntries(1);
}

Status ReadOnlyEngine::Restore(std::span<const StoredEntry> entries) {
  return RefuseEntries(entries.size());
}

Status ReadOnlyEngine::Invalidate(std::span<const std::string_view> paths) {
  return RefuseEntries(paths.size());
}

Status ReadOnlyEngine::InvalidatePrefix(std::string_view) {
  return RefuseEntries(1);
}

Status ReadOnlyEngine::Clear() { return Refused(); }

Status ReadOnlyEngine::Load(std::span<const StoredEntry> entries,
                            const std::string&) {
  return RefuseEntries(entries.size());
}

Result<CheckReport> ReadOnlyEngine::CheckAndFix() { return Refused(); }

Status ReadOnlyEngine::Close() {
  internal::UniqueMutexLock lock(mutex_);
  is_closed_ = true;
  ended_.wait(lock.native(),
              [this]() APPCACHE_REQUIRES(mutex_) { return uses_ == 0; });
  idle_.clear();
  return Status();
}

// Goes on with a new view when the last one is no longer current. Rows are in
// the order of their hashes, so none is visited twice.
Status ReadOnlyEngine::ForEach(store::Walk::With with, std::string_view prefix,
                               FunctionRef<bool(const StoredEntry&)> visit) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  std::optional<int64_t> hash_seed;
  store::Walk::Position position;
  Status status;
  for (int tries = 0; tries < kMostReads; ++tries) {
    Result<ViewPtr> view = OpenView();
    if (!view.ok()) return view.status();
    if (hash_seed.value_or((*view)->hash_seed()) != (*view)->hash_seed()) {
      return Status(ErrorCode::kBusy,
                    path_ +
                        " was replaced by another cache while it was "
                        "read; retry");
    }
    hash_seed = (*view)->hash_seed();
    bool is_current = true;
    status = VisitRows(**view, with, prefix, visit, position, is_current);
    if (is_current) break;
  }
  return status;
}

Status ReadOnlyEngine::VisitRows(store::FileView& view, store::Walk::With with,
                                 std::string_view prefix,
                                 FunctionRef<bool(const StoredEntry&)> visit,
                                 store::Walk::Position& position,
                                 bool& is_current) const {
  store::Walk walk;
  Status status = walk.Prepare(view.connection(), with, prefix);
  if (!status.ok()) return status;
  walk.StartAt(position);
  while (!walk.has_ended()) {
    Result<std::vector<store::WalkedRow>> rows = walk.Next();
    Status current = view.CheckCurrent();
    is_current = current.ok();
    if (!is_current) return current;
    if (!rows.ok()) return rows.status();
    position = walk.position();
    const TimePoint now = settings_.clock->Now();
    for (store::WalkedRow& row : *rows) {
      if (HasExpired(row.expires_at_ms, now)) continue;
      if (!visit(StoredEntryOf(std::move(row), ClockShift()))) return Status();
    }
  }
  return walk.damage();
}

Lookup<CheckReport> ReadOnlyEngine::CheckView(store::FileView& view) const {
  // Ends with this function, before the view is used again.
  struct Transaction {
    const store::Connection& connection;
    Status begun = store::StartReading(connection);
    ~Transaction() { (void)connection.Execute("ROLLBACK", "read").ok(); }
  };
  const Transaction transaction{view.connection()};
  if (!transaction.begun.ok()) {
    return Lookup<CheckReport>::Failed(transaction.begun);
  }
  CheckReport report;
  const Result<bool> sound = CheckPages(view.connection(), report);
  if (!sound.ok()) return Lookup<CheckReport>::Failed(sound.status());
  if (!*sound) return Lookup<CheckReport>::Hit(std::move(report));
  const Result<policy::Counts> stored = view.reader().ReadCounts();
  if (!stored.ok()) return Lookup<CheckReport>::Failed(stored.status());
  std::vector<int64_t> damaged;
  const Result<policy::Counts> found = CheckRowsAndCounts(
      view.connection(), view.hash_seed(), *stored,
      [](const store::AuditedEntry&, CheckReport&) {}, report, damaged);
  if (!found.ok()) return Lookup<CheckReport>::Failed(found.status());
  return Lookup<CheckReport>::Hit(std::move(report));
}

Result<CheckReport> ReadOnlyEngine::Check() {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  Lookup<CheckReport> report = WithView<CheckReport>(
      [&](store::FileView& view) { return CheckView(view); });
  if (!report) return report.status();
  return *std::move(report);
}

Status ReadOnlyEngine::CopyTo(store::SnapshotFile& file) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<ViewPtr> view = OpenView();
  if (!view.ok()) return view.status();
  Status status = file.Create((*view)->hash_seed());
  if (status.ok()) status = store::StartReading((*view)->connection());
  if (status.ok()) {
    Status damage;
    status = CopyRows((*view)->connection(), settings_.clock->Now(),
                      ClockShift(), file, damage);
    if (status.ok()) status = std::move(damage);
  }
  // A change explains a failure, too.
  Status current = (*view)->CheckCurrent();
  return current.ok() ? status : current;
}

Lookup<policy::Counts> ReadOnlyEngine::ReadCounts() {
  if (Status usable = CheckUsable(); !usable.ok()) {
    return Lookup<policy::Counts>::Failed(std::move(usable));
  }
  return WithView<policy::Counts>([](store::FileView& view) {
    const Result<policy::Counts> read = view.reader().ReadCounts();
    return read.ok() ? Lookup<policy::Counts>::Hit(*read)
                     : Lookup<policy::Counts>::Failed(read.status());
  });
}

CacheStats ReadOnlyEngine::Stats() {
  CacheStats stats;
  stats.hits = hits_.Sum();
  stats.misses = misses_.Sum();
  stats.read_errors = read_errors_.Sum();
  stats.write_errors = write_errors_.Sum();
  if (in_child()) return stats;
  if (const Lookup<policy::Counts> counts = ReadCounts()) {
    stats.entries = static_cast<uint64_t>(counts->entries);
    stats.bytes = static_cast<uint64_t>(counts->bytes);
  }
  return stats;
}

}  // namespace appcache::lru
