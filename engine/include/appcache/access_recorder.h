// AccessRecorder: lets the command look into the caches of a running program:
// `appcache record` records what it reads and writes, and `appcache stats`
// prints its statistics.
//
//   auto recorder = AccessRecorder::Create("/run/app/cache.record");
//   if (recorder.ok()) options.cache.recorder = *recorder;
//
// The program only makes the recorder file. From then on, until the program
// ends, `appcache record /run/app/cache.record TRACE --seconds 60` writes a
// trace of the next minute, with 1 % of the keys. And
// `appcache stats --recorder /run/app/cache.record` prints Cache::Stats() of
// each cache with this recorder, and what it would hit with other sizes.
//
// The file is a megabyte of memory that the program and the command share.
// While nobody records or asks, an access costs a load and a branch; there is
// no thread and no system call. While somebody records, it also costs a hash of
// the key, and for the keys of the sample another hash and a write to the
// shared memory: no lock, no allocation, no wait. Where the command is too
// slow, records are dropped, and it says how many. If the command is killed,
// the program stops recording within seconds.
//
// A recorded key is a hash with a secret that the command draws for each
// recording and throws away. Values are not recorded, only their sizes.
//
// When `appcache stats` asks, the next access to each cache calls its Stats()
// and writes the result to the file. That delays this one access by some 10 us,
// or on a file, whose entries are counted by a statement, by some 20 us. A
// cache that nobody accesses does not answer. The file has room for 32 caches
// at a time; `appcache stats` only says how many others there are.

#ifndef APPCACHE_ACCESS_RECORDER_H_
#define APPCACHE_ACCESS_RECORDER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/lean_std.h"
#include "appcache/times.h"

namespace appcache {

namespace internal {
class CodedBackend;
struct RecorderLayout;
}  // namespace internal

enum class AccessKind : uint8_t { kHit, kMiss, kSet, kInvalidate };

// Thread safety: all functions may be called from any threads at once.
//
// fork(): a child records too, as a part of the program. For `appcache stats`,
// the parent answers for the caches that it had made before the fork, and the
// child for those that it makes.
class APPCACHE_EXPORT AccessRecorder {
 public:
  // Makes the recorder file: readable by this user alone, of constant size. The
  // directory must exist. Replaces the recorder file of a program that has
  // exited, also if it was of another version of appcache.
  //
  // Errors: kBusy when the program that made the file, or a child of it, still
  // has it open; kUnsupported when there is something else at `path`, which is
  // left unchanged; kFull when the disk is full; kUnavailable when the file
  // cannot be created there.
  static Result<std::shared_ptr<AccessRecorder>> Create(
      const std::string& path);

  // Ends a recording. The file stays.
  ~AccessRecorder();
  AccessRecorder(const AccessRecorder&) = delete;
  AccessRecorder& operator=(const AccessRecorder&) = delete;

  // Whether `appcache record` records now.
  bool is_recording() const noexcept {
    return static_cast<uint32_t>(wanted_.load(std::memory_order_relaxed)) != 0;
  }

  // Records an access. Caches that have the recorder in their options call it;
  // a program calls it only for another cache of its own, which `appcache
  // stats` does not list. `path` is the key path, `value_bytes` the size of the
  // value as it is stored (0 for kMiss and kInvalidate), and `ttl` that of a
  // kSet. Does nothing while is_recording() is false.
  void Record(AccessKind kind, std::string_view path, size_t value_bytes = 0,
              Ttl ttl = kNoTtl) noexcept;

 private:
  friend class internal::CodedBackend;  // for layout and wanted_

  class Impl;
  explicit AccessRecorder(std::unique_ptr<Impl> impl) noexcept;
  internal::RecorderLayout& layout() const noexcept;

  const std::unique_ptr<Impl> impl_;
  // In the file: the session that is recorded, and in the upper half the
  // question of `appcache stats`.
  const std::atomic<uint64_t>& wanted_;
};

}  // namespace appcache

#endif  // APPCACHE_ACCESS_RECORDER_H_
