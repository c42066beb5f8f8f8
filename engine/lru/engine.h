// Engine: one open database and what is kept in it. All SqliteCaches of one
// database in a process share one engine.
//
// LruEngine serves files and connections of the caller's: every operation goes
// to SQLite. FileEngine has the LruEngine of a file, and makes another when the
// file was removed. ResidentEngine serves databases in memory: it answers from
// a directory, and an LruEngine below it has the database. ReadOnlyEngine
// serves files that are only read.

#ifndef APPCACHE_ENGINE_LRU_ENGINE_H_
#define APPCACHE_ENGINE_LRU_ENGINE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/sqlite_entry.h"
#include "engine/policy/eviction.h"
#include "engine/store/connection.h"
#include "engine/store/reader.h"
#include "engine/store/snapshot_file.h"

namespace appcache::lru {

// How long writes may wait in memory before SQLite has them, and how much of
// them.
struct WriteWindow {
  std::chrono::milliseconds interval{0};
  uint64_t bytes = 0;

  friend bool operator==(const WriteWindow&, const WriteWindow&) = default;
};

// Thread-safe. Functions may throw std::bad_alloc, and have then done nothing.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const policy::Limits& limits() const noexcept = 0;
  virtual std::optional<uint64_t> max_database_bytes() const noexcept = 0;
  // None: a write returns when SQLite has it.
  virtual std::optional<WriteWindow> write_window() const noexcept = 0;
  virtual bool in_child() const noexcept = 0;
  virtual const std::string& name() const noexcept = 0;
  virtual const std::string& vfs() const noexcept = 0;
  virtual bool is_persistent() const noexcept = 0;
  virtual const Clock& clock() const noexcept = 0;

  // The operations of SqliteBackend.
  virtual Lookup<Bytes> Get(std::string_view path) = 0;
  virtual Lookup<size_t> View(std::string_view path, ValueVisitor visitor) = 0;
  virtual Lookup<TimedBytes> GetTimed(std::string_view path) = 0;
  virtual Lookup<Ttl> GetTtl(std::string_view path) = 0;
  virtual Status Set(std::span<const RawEntry> entries) = 0;
  // Set for one entry; kBusy, and nothing has changed, if it would have to wait
  // for room.
  virtual Status TrySet(const RawEntry& entry) { return Set({&entry, 1}); }
  virtual Result<bool> Add(const RawEntry& entry) = 0;
  virtual Result<bool> SetTtl(std::string_view path, Ttl ttl) = 0;
  virtual Status Restore(std::span<const StoredEntry> entries) = 0;
  virtual Status Invalidate(std::span<const std::string_view> paths) = 0;
  virtual Status InvalidatePrefix(std::string_view prefix) = 0;
  virtual Status Clear() = 0;
  virtual Status Flush() = 0;
  // kInvalidArgument if the caller is inside a read of this engine: a visitor.
  virtual Status CheckNotReading() { return Status(); }
  // REQUIRES: CheckNotReading().
  virtual Status Close() = 0;
  // Visits the entries whose path starts with `prefix`. Damaged ones are left
  // out, and then reported as by Backend::WalkRaw.
  virtual Status ForEach(store::Walk::With with, std::string_view prefix,
                         FunctionRef<bool(const StoredEntry&)> visit) = 0;
  virtual Result<CheckReport> Check() = 0;
  virtual Result<CheckReport> CheckAndFix() = 0;
  // Writes the entries of one moment to `file`, which is not created yet.
  virtual Status CopyTo(store::SnapshotFile& file) = 0;
  // Restores entries of a cache file. An entry that is too large is skipped and
  // logged; messages call the file `source`.
  virtual Status Load(std::span<const StoredEntry> entries,
                      const std::string& source) = 0;
  virtual CacheStats Stats() = 0;
  virtual Status Ping() = 0;

 protected:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_ENGINE_H_
