// FileEngine: the engine of a cache file, which opens another file when the one
// that it has open was removed, renamed or replaced.
//
// An LruEngine belongs to one file. A call that finds that this file is gone
// makes a new LruEngine for what is at the path now, and is repeated with that.
// The old one is closed, and writes nothing any more.

#ifndef APPCACHE_ENGINE_LRU_FILE_ENGINE_H_
#define APPCACHE_ENGINE_LRU_FILE_ENGINE_H_

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "appcache/log.h"
#include "engine/lane/writer_lane.h"
#include "engine/lru/engine.h"
#include "engine/lru/lru_engine.h"
#include "engine/support/fork_guard.h"
#include "engine/support/mutex.h"
#include "engine/support/spin_lock.h"
#include "engine/support/striped_counter.h"

namespace appcache::lru {

// Thread-safe. Lock order: the lane, the mutexes of an LruEngine, mutex_, the
// lock of a slot.
class FileEngine final : public Engine {
 public:
  using OpenEngine = std::function<Result<std::shared_ptr<LruEngine>>()>;

  // Calls `open` now, and whenever the file has moved.
  static Result<std::shared_ptr<FileEngine>> Open(
      OpenEngine open, std::chrono::milliseconds busy_timeout,
      const LogSink& log);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~FileEngine() override = default;

  // These are the same for every file at the path.
  const policy::Limits& limits() const noexcept override {
    return first_->limits();
  }
  std::optional<uint64_t> max_database_bytes() const noexcept override {
    return first_->max_database_bytes();
  }
  std::optional<WriteWindow> write_window() const noexcept override {
    return std::nullopt;
  }
  bool in_child() const noexcept override { return fork_guard_.in_child(); }
  const std::string& name() const noexcept override { return first_->name(); }
  const std::string& vfs() const noexcept override { return first_->vfs(); }
  bool is_persistent() const noexcept override { return true; }
  const Clock& clock() const noexcept override { return first_->clock(); }

  Lookup<Bytes> Get(std::string_view path) override;
  Lookup<size_t> View(std::string_view path, ValueVisitor visitor) override;
  Lookup<TimedBytes> GetTimed(std::string_view path) override;
  Lookup<Ttl> GetTtl(std::string_view path) override;
  Status Set(std::span<const RawEntry> entries) override;
  Result<bool> Add(const RawEntry& entry) override;
  Result<bool> SetTtl(std::string_view path, Ttl ttl) override;
  Status Restore(std::span<const StoredEntry> entries) override;
  Status Invalidate(std::span<const std::string_view> paths) override;
  Status InvalidatePrefix(std::string_view prefix) override;
  Status Clear() override;
  Status Flush() override;
  Status Close() APPCACHE_EXCLUDES(mutex_) override;
  Status ForEach(store::Walk::With with, std::string_view prefix,
                 FunctionRef<bool(const StoredEntry&)> visit) override;
  Result<CheckReport> Check() override;
  Result<CheckReport> CheckAndFix() override;
  Status CopyTo(store::SnapshotFile& file) override;
  Status Load(std::span<const StoredEntry> entries,
              const std::string& source) override;
  CacheStats Stats() APPCACHE_EXCLUDES(mutex_) override;
  Status Ping() override;

 private:
  using EnginePtr = std::shared_ptr<LruEngine>;

  FileEngine(OpenEngine open, EnginePtr engine,
             std::chrono::milliseconds busy_timeout, const LogSink& log);

  // A reference to the engine for each of the first threads of a process, with
  // a count of its own: a call writes to no memory that other threads use.
  struct alignas(64) Slot {
    internal::SpinLock lock;
    EnginePtr engine APPCACHE_GUARDED_BY(lock);
  };
  using Slots = std::array<Slot, internal::StripedCounter::kStripes>;

  EnginePtr Current() const;
  // References to put into the slots. Throws std::bad_alloc.
  static std::vector<EnginePtr> ReferencesTo(const EnginePtr& engine);
  void FillSlots(std::vector<EnginePtr> references) noexcept;
  // `operation(engine)`; again with another engine if it has failed because the
  // file has moved, and `may_repeat()`. Calls `count_failure` for a final
  // failure of this kind, which no engine counts.
  template <class R, class Operation, class MayRepeat, class CountFailure>
  R RunWhile(const Operation& operation, const MayRepeat& may_repeat,
             const CountFailure& count_failure);
  template <class R, class Operation>
  R Run(const Operation& operation) {
    return RunWhile<R>(
        operation, [] { return true; }, [] {});
  }
  template <class V, class Operation>
  Lookup<V> Read(const Operation& operation) {
    return RunWhile<Lookup<V>>(
        operation, [] { return true; }, [this] { read_errors_.Increment(); });
  }
  template <class R, class Operation>
  R Write(uint64_t entries, const Operation& operation) {
    return RunWhile<R>(
        operation, [] { return true; },
        [this, entries] { write_errors_.Add(entries); });
  }

  // Replaces the engine unless another thread has, or the file has returned.
  Status Replace(const EnginePtr& moved) APPCACHE_EXCLUDES(mutex_);
  // Adds the counters of old engines that no call uses any more to ended_.
  void CountEnded() APPCACHE_REQUIRES(mutex_);

  const internal::ForkGuard fork_guard_;
  const OpenEngine open_;
  const std::chrono::milliseconds busy_timeout_;
  const LogSink log_;
  // Kept closed for the sake of what does not change, whatever replaces it.
  const EnginePtr first_;

  mutable Slots slots_;

  // Held by the thread that replaces the engine.
  internal::WriterLane lane_;

  mutable internal::Mutex mutex_;
  EnginePtr engine_ APPCACHE_GUARDED_BY(mutex_);
  bool is_closed_ APPCACHE_GUARDED_BY(mutex_) = false;
  // A call may still use them.
  std::vector<EnginePtr> old_ APPCACHE_GUARDED_BY(mutex_);
  CacheStats ended_ APPCACHE_GUARDED_BY(mutex_);

  internal::StripedCounter read_errors_;
  internal::StripedCounter write_errors_;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_FILE_ENGINE_H_
