// Keeps a write beyond the file size limit of the process (RLIMIT_FSIZE,
// ulimit -f) from killing it: the write fails with EFBIG, as SQLite and LMDB
// expect, but by default the kernel also sends SIGXFSZ to the thread.

#ifndef APPCACHE_ENGINE_SUPPORT_FILE_SIZE_SIGNAL_H_
#define APPCACHE_ENGINE_SUPPORT_FILE_SIZE_SIGNAL_H_

#include "appcache/export.h"

namespace appcache::internal {

// Blocks SIGXFSZ in the calling thread. The last call of Unblock, of as many as
// of Block, discards a pending SIGXFSZ and restores the thread's signal mask.
// Does nothing when the thread had blocked the signal itself, and when the
// process has no limit at the first call of Block. The pair costs four system
// calls, and one without a limit.
APPCACHE_EXPORT void BlockFileSizeSignal() noexcept;
APPCACHE_EXPORT void UnblockFileSizeSignal() noexcept;

// Blocks the signal during its lifetime. The same thread must destroy it.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock() noexcept { BlockFileSizeSignal(); }
  ~FileSizeSignalBlock() { UnblockFileSizeSignal(); }
  FileSizeSignalBlock(const FileSizeSignalBlock&) = delete;
  FileSizeSignalBlock& operator=(const FileSizeSignalBlock&) = delete;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_FILE_SIZE_SIGNAL_H_
