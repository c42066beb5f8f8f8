// Backend: the storage behind a Cache.
//
// A backend stores bytes under key paths. It knows no types, no compression and
// no loaders: Cache (cache.h) adds those on top of any backend. To write one,
// subclass Backend and implement four functions; the other operations have
// defaults.
//
//   struct MyBackend final : Backend {
//     Lookup<Bytes> GetRaw(std::string_view path) override {
//       const auto found = map_.find(path);
//       if (found == map_.end()) return Lookup<Bytes>::Miss();
//       return Lookup<Bytes>::Hit(found->second);
//     }
//     Status SetRaw(std::string_view path, std::string_view data, Ttl) override
//     { map_[std::string(path)] = Bytes::Copy(data); return Status(); }
//     Status InvalidateRaw(std::string_view path) override
//     { map_.erase(std::string(path)); return Status(); }
//     Status ClearRaw() override { map_.clear(); return Status(); }
//     std::map<std::string, Bytes, std::less<>> map_;
//   };
//   Cache cache(std::make_shared<MyBackend>());
//
// (This one ignores ttls and serves one thread at a time.
// tools/examples/file_backend.h is a complete backend, and
// tests/conformance has the tests that every backend passes.)
//
// The counterpart in pyappcache is a subclass of its Cache that implements
// get_raw, set_raw, invalidate_raw and clear.
//
// To port code from the version in which a backend derived from Cache: derive
// from Backend; drop the CacheOptions from the constructor, and the destructor;
// rename RawStats to Stats; and make the cache with
// `Cache cache(std::make_shared<MyBackend>(...), options);`. Calls of SetMany
// lose their template argument: SetMany(entries).
//
// Contract
//
// Thread safety: a backend is called from any threads at once. The destructor
// runs when no call is in progress and none will follow.
//
// Exceptions: an operation reports failures by its result, and should not
// throw. A Cache turns an exception into kInternal, and std::bad_alloc into
// kFull; WithoutExceptions below does the same inside a backend.
//
// Refused writes: a write that fails with kUnavailable because the storage is
// read-only at present has the native code EROFS (error.h). Reads work then, so
// the circuit breaker of a tier does not count it as a failure of the remote.
//
// fork(): a backend that was created before a fork is never destroyed in the
// child. There, Cache calls AbandonInChild and leaks the backend; others who
// hold the last reference in a child must leak it too, for example with
// `new std::shared_ptr<Backend>(std::move(backend))`. Each backend documents
// whether its operations work in the child.
//
// Raw operations: anyone may call them, through cache.backend(): a tier does,
// and so do tools. A raw write does not supersede loads that are in progress in
// a Cache that uses this backend: a GetVia that began before a SetRaw may
// overwrite the new value with an older one.

#ifndef APPCACHE_BACKEND_H_
#define APPCACHE_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/function_ref.h"
#include "appcache/lean_std.h"
#include "appcache/lookup.h"
#include "appcache/stats.h"
#include "appcache/times.h"
#include "appcache/traits.h"

namespace appcache {

class Watch;
class WatchListener;
struct WatchOptions;

// One entry of a batch. The views must stay valid during the call.
struct RawEntry {
  std::string_view path;
  std::string_view value;
  Ttl ttl = kNoTtl;
};

// A value and its remaining ttl; kNoTtl when it never expires.
struct TimedBytes {
  Bytes value;
  Ttl remaining_ttl = kNoTtl;
};

// An entry as WalkRaw finds it. The views are valid during the call.
struct WalkedEntry {
  std::string_view path;
  // As stored. Empty unless WalkOptions::with_values.
  std::string_view value;
  uint64_t value_bytes = 0;
  // By the clock that the backend measures ttls by. For a server, whose clock
  // is not known: the time by this process's wall clock, and the remaining ttl.
  // None: it never expires.
  std::optional<TimePoint> expires_at = std::nullopt;
  // None: the backend does not know it.
  std::optional<TimePoint> last_access = std::nullopt;
};

struct WalkOptions {
  // Only entries whose path starts with this; may be empty. Must stay valid
  // during the call.
  std::string_view path_prefix;
  bool with_values = false;
};

// Receives an entry, and returns false to end the walk. Must not throw.
using WalkVisitor = FunctionRef<bool(const WalkedEntry& entry)>;

// Receives a value's bytes, which are valid during the call. Must not throw.
using ValueVisitor = FunctionRef<void(std::string_view value)>;

// In all operations, `path` is a whole key path (key_path.h) of at most
// Traits().max_key_bytes, with any bytes in it; longer is kInvalidKey. A `ttl`
// is zero (the entry never expires) or in (0, kMaxTtl].
class APPCACHE_EXPORT Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // --- Required.

  // A hit when there is an entry that has not expired.
  virtual Lookup<Bytes> GetRaw(std::string_view path) = 0;

  // Stores the entry in place of any other. On failure the key holds its old
  // value, the new one or none, unless the backend promises more.
  virtual Status SetRaw(std::string_view path, std::string_view value,
                        Ttl ttl) = 0;

  // Removes the entry. Success also when there is none.
  virtual Status InvalidateRaw(std::string_view path) = 0;

  // Removes everything that Traits().cleared names, whatever its prefix.
  virtual Status ClearRaw() = 0;

  // --- Reads.

  // Calls `visitor` once with the value of a hit, and returns its size. Counts
  // as a GetRaw. A backend may override it to serve a read without giving out a
  // reference to the value; `visitor` then runs inside the read. A get or ttl
  // query of this backend from it must work; a write or a walk from it may be
  // kInvalidArgument, and must not deadlock. Default: GetRaw, then `visitor`.
  virtual Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor);

  // The value and the remaining ttl of the same moment, in one round trip.
  // kUnsupported where Traits().supports_ttl_query is false; a backend that
  // supports it overrides GetTimedRaw and TtlRaw. Default: kUnsupported.
  virtual Lookup<TimedBytes> GetTimedRaw(std::string_view path);
  // Default: GetTimedRaw for each path.
  virtual std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths);
  // The remaining ttl alone, rounded up; kNoTtl when the entry never expires.
  // Not an access, unless the backend says so. Default: kUnsupported.
  virtual Lookup<Ttl> TtlRaw(std::string_view path);

  // One Lookup for each path, in order. Default: GetRaw for each path.
  virtual std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths);

  // Calls `visit` with the entries that have not expired, in no particular
  // order, until it returns false. Every entry that exists during the whole
  // call is visited, once unless the backend says otherwise; one that is set,
  // removed or expires while the call runs may be visited or not. Not an
  // access, unless the backend says so. `visit` may use this backend, also to
  // write.
  //
  // Reads in bounded steps, whatever the number of entries: the memory is that
  // of some thousand paths, and of some MiB of values or one larger value. An
  // entry that is damaged is left out. The call visits the others, and then
  // returns kCorrupt with EBADMSG as the native code, and a message that says
  // how many were left out. What it does not read is not verified: without
  // values, a damaged value may go unnoticed. After another error some entries
  // may have been visited. kUnsupported where Traits().supports_walk is false.
  // Default: kUnsupported.
  virtual Status WalkRaw(const WalkOptions& options, WalkVisitor visit);

  // --- Writes.

  // Stores the entries. Success when all were stored; otherwise the first
  // error. The backend documents which of the other entries are then stored.
  // Default: SetRaw for each entry.
  virtual Status SetManyRaw(std::span<const RawEntry> entries);

  // SetRaw for a caller that holds a lock: where SetRaw would wait until
  // earlier writes have made room, this is kBusy at once, and nothing has
  // changed. Its other results are those of SetRaw. Default: SetRaw.
  virtual Status TrySetRaw(std::string_view path, std::string_view value,
                           Ttl ttl);

  // Removes the entries. Errors are reported as by SetManyRaw. Default:
  // InvalidateRaw for each path.
  virtual Status InvalidateManyRaw(std::span<const std::string_view> paths);

  // Add-if-absent: stores the entry and returns true if there is none, or only
  // an expired one; otherwise returns false and changes nothing. Of concurrent
  // calls, one returns true. kUnsupported where Traits().supports_add is false.
  // Default: kUnsupported.
  virtual Result<bool> AddRaw(std::string_view path, std::string_view value,
                              Ttl ttl);

  // Gives the entry a new ttl, counted from now, and returns true if there is
  // one that has not expired; otherwise returns false and changes nothing.
  // Counts as an access. Every backend of this library keeps a value that
  // another caller sets while the call runs. The default does not: it calls
  // GetRaw and then SetRaw. It also loses a value that SetRaw refuses, or that
  // GetRaw does not return as it is stored.
  virtual Result<bool> SetTtlRaw(std::string_view path, Ttl ttl);

  // Removes every entry whose path starts with `path_prefix`, which may be
  // empty. On failure some may have been removed. An entry that is set while
  // the call runs is removed or not. kUnsupported where
  // Traits().supports_prefix_invalidation is false. Default: kUnsupported.
  virtual Status InvalidatePrefixRaw(std::string_view path_prefix);

  // --- Other.

  // Starts to watch for changes (watch.h): a thread of the Watch connects to
  // the storage, retries until it succeeds, and then calls `listener` for each
  // change of an entry. Both `listener` and this backend must outlive the
  // Watch. kInvalidArgument when an option is out of range; kUnsupported where
  // Traits().supports_watch is false. Default: kUnsupported.
  virtual Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                                  WatchListener& listener);

  // Contacts the storage, in one round trip where it is a server. Returns its
  // version ("Redis 7.0.15"), or an error that says why it does not answer.
  // Changes nothing and is not an access. Default: a GetRaw
  // of a key that no cache uses, and an empty version.
  virtual Result<std::string> Ping();

  // What this backend is. Does no I/O and does not fail. Default: a backend
  // that supports nothing beyond the required operations.
  virtual BackendTraits Traits() const;

  // Counters and sizes; figures that are unknown are left empty. Never fails.
  // Default: zeros.
  virtual CacheStats Stats() const;

  // Called in a forked child instead of the destructor, possibly more than
  // once, and possibly while others in the child still use the backend. May
  // close what the child must not keep open, such as connections. Must not
  // block: a mutex may be held by a thread that exists only in the parent.
  // Default: does nothing.
  virtual void AbandonInChild() noexcept;

  // True in a forked child when this backend was created before the fork.
  bool is_inherited() const noexcept;

 protected:
  Backend() noexcept;

 private:
  const uint64_t fork_generation_;
};

// The result of `operation()`; an exception becomes a failure. R is a Status, a
// Result or a Lookup.
template <class R, class Operation>
R WithoutExceptions(const Operation& operation) noexcept {
  try {
    return operation();
  } catch (...) {
    if constexpr (requires { R::Failed(Status()); }) {
      return R::Failed(Status::FromCurrentException());
    } else {
      return Status::FromCurrentException();
    }
  }
}

}  // namespace appcache

#endif  // APPCACHE_BACKEND_H_
