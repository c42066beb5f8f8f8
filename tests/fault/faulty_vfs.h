// FaultyVfs: SQLite's default file system, made to fail on request.
//
// A test opens its cache through it (SqliteCacheOptions::vfs), arms a fault,
// and runs an operation. The N-th call of one kind then fails, once or from
// there on for ever; every failure is written down. Or the disk is made small:
// what would take the files beyond a ceiling is SQLITE_FULL.
//
// Nothing waits: a sync that does not fail does nothing (nobody cuts the power
// here), and SQLite's sleeps between two attempts are none.

#ifndef APPCACHE_TESTS_FAULT_FAULTY_VFS_H_
#define APPCACHE_TESTS_FAULT_FAULTY_VFS_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace appcache {

// The calls that can be made to fail. Those that let go of something (close,
// unlock, unmap) always do: SQLite does not look at what they return.
enum class VfsCall {
  kOpen,
  kDelete,
  kAccess,
  kRead,
  kWrite,
  kTruncate,
  kSync,
  kFileSize,
  kLock,
  kShmMap,
  kShmLock,
};

std::string_view ToString(VfsCall call) noexcept;

struct VfsFault {
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  VfsCall call = VfsCall::kRead;
  int code = 0;           // SQLite's result code
  uint64_t first = 1;     // the call that fails, from now on, counted from 1
  uint64_t failures = 1;  // and so many in all
  bool torn = false;      // a write does half of its work before it fails
};

// Thread-safe. Registered with SQLite while it lives: it must outlive the
// connections that use it.
class FaultyVfs {
 public:
  explicit FaultyVfs(const std::string& name);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const noexcept;

  // In place of the fault before.
  void Inject(const VfsFault& fault);
  // Ends it. What has been injected stays known.
  void Heal();

  // How many calls there were that it might have struck, from Inject to Heal.
  uint64_t calls() const;
  // How often the fault has struck since Inject.
  uint64_t injected() const;
  // The same in words, a line each: "read 3 of cache.db failed with ...".
  std::string log() const;

  // Calls `interrupt` once, before the n-th call of this thread from now on, of
  // whatever kind: for what others do between two calls.
  void InterruptAt(uint64_t n, std::function<void()> interrupt);

  // From now on the files of this VFS together may not grow beyond so many
  // bytes.
  void LimitBytes(uint64_t bytes);
  void LiftLimit();
  // What they hold now.
  uint64_t bytes() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_FAULTY_VFS_H_
