#include "engine/support/file_size_signal.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <cassert>
#include <cerrno>

namespace appcache::internal {
namespace {

struct Blocks {
  int count = 0;
  bool is_needed = false;  // what the first of them has found
};
thread_local Blocks blocks;

sigset_t FileSizeSignal() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGXFSZ);
  return signals;
}

bool HasLimit() noexcept {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
         limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace

void BlockFileSizeSignal() noexcept {
  if (blocks.count++ > 0) return;
  blocks.is_needed = HasLimit();
  if (!blocks.is_needed) return;
  const sigset_t signals = FileSizeSignal();
  sigset_t before;
  sigemptyset(&before);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  blocks.is_needed = sigismember(&before, SIGXFSZ) != 1;
}

void UnblockFileSizeSignal() noexcept {
  assert(blocks.count > 0);
  if (--blocks.count > 0 || !blocks.is_needed) return;
  // The caller's errno is that of the write.
  const int error = errno;
  const sigset_t signals = FileSizeSignal();
  constexpr timespec kAtOnce{};
  while (sigtimedwait(&signals, nullptr, &kAtOnce) == SIGXFSZ) {
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  errno = error;
}

}  // namespace appcache::internal
