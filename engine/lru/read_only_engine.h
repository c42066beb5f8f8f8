// ReadOnlyEngine: reads a cache file that it does not write to.
//
// It takes no writer lock, records no accesses, and has no background thread.
// Each call uses a view of the file (store::FileView), and afterwards asks
// whether the view was current. If not, or if it has failed, the call is
// repeated with a new one. So a writer may open the file, and the file may be
// replaced, at any time.

#ifndef APPCACHE_ENGINE_LRU_READ_ONLY_ENGINE_H_
#define APPCACHE_ENGINE_LRU_READ_ONLY_ENGINE_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "appcache/clock.h"
#include "engine/lru/engine.h"
#include "engine/store/read_only_file.h"
#include "engine/support/fork_guard.h"
#include "engine/support/mutex.h"
#include "engine/support/open_database_name.h"
#include "engine/support/striped_counter.h"

namespace appcache::lru {

// Thread-safe. Every write is kUnavailable, with EROFS as the native code.
class ReadOnlyEngine final : public Engine {
 public:
  struct Settings {
    std::chrono::milliseconds busy_timeout{0};
    std::shared_ptr<const Clock> clock;
    std::string vfs;
  };

  // `path` is absolute and has no symbolic links. Errors: those of
  // store::FileView::Open.
  static Result<std::shared_ptr<ReadOnlyEngine>> Open(const std::string& path,
                                                      Settings settings);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~ReadOnlyEngine() override;

  const policy::Limits& limits() const noexcept override { return limits_; }
  std::optional<uint64_t> max_database_bytes() const noexcept override {
    return std::nullopt;
  }
  std::optional<WriteWindow> write_window() const noexcept override {
    return std::nullopt;
  }
  bool in_child() const noexcept override { return fork_guard_.in_child(); }
  const std::string& name() const noexcept override { return path_; }
  const std::string& vfs() const noexcept override { return settings_.vfs; }
  bool is_persistent() const noexcept override { return true; }
  const Clock& clock() const noexcept override { return *settings_.clock; }

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
  // Nothing waits to be written.
  Status Flush() override { return CheckUsable(); }
  Status Close() APPCACHE_EXCLUDES(mutex_) override;
  Status ForEach(store::Walk::With with, std::string_view prefix,
                 FunctionRef<bool(const StoredEntry&)> visit) override;
  Result<CheckReport> Check() override;
  Result<CheckReport> CheckAndFix() override;
  Status CopyTo(store::SnapshotFile& file) override;
  Status Load(std::span<const StoredEntry> entries,
              const std::string& source) override;
  CacheStats Stats() override;
  Status Ping() override { return ReadCounts().status(); }

 private:
  using ViewPtr = std::unique_ptr<store::FileView>;

  ReadOnlyEngine(const std::string& path, Settings settings);

  Status CheckUsable() const APPCACHE_EXCLUDES(mutex_);
  Status Refused() const;
  // Counts a refused write of `entries`.
  Status RefuseEntries(uint64_t entries) noexcept;
  Result<ViewPtr> OpenView() const;

  // A view that nobody else uses, and whether it was just opened. Between
  // BeginUse and EndUse, Close waits.
  Result<ViewPtr> BeginUse(bool& is_new) APPCACHE_EXCLUDES(mutex_);
  // Keeps the view for the next call unless it is null.
  void EndUse(ViewPtr view) noexcept APPCACHE_EXCLUDES(mutex_);

  // `read(view)`, with a view that was current when it returned.
  template <class V, class Read>
  Lookup<V> WithView(const Read& read);
  // `make(found, now)` for the entry at `path`.
  template <class V, class Make>
  Lookup<V> Find(std::string_view path, const Make& make);
  // Visits the rows from `position` on, and moves that. Sets is_current to
  // false if the view is not, after the last row that it has visited.
  Status VisitRows(store::FileView& view, store::Walk::With with,
                   std::string_view prefix,
                   FunctionRef<bool(const StoredEntry&)> visit,
                   store::Walk::Position& position, bool& is_current) const;
  Lookup<policy::Counts> ReadCounts();
  Lookup<CheckReport> CheckView(store::FileView& view) const;

  const internal::ForkGuard fork_guard_;
  const internal::OpenDatabaseName open_name_;
  const std::string path_;
  const Settings settings_;
  const policy::Limits limits_;

  mutable internal::Mutex mutex_;
  std::condition_variable ended_;  // no view is in use
  std::vector<ViewPtr> idle_ APPCACHE_GUARDED_BY(mutex_);
  size_t uses_ APPCACHE_GUARDED_BY(mutex_) = 0;
  bool is_closed_ APPCACHE_GUARDED_BY(mutex_) = false;

  internal::StripedCounter hits_, misses_, read_errors_, write_errors_;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_READ_ONLY_ENGINE_H_
