#include "tools/command/io/file_size_signal.h"

#include <signal.h>

namespace appcache::command {
namespace {

bool ignores_it = false;

}  // namespace

void IgnoreFileSizeSignal() noexcept {
  struct sigaction action;
  if (sigaction(SIGXFSZ, nullptr, &action) != 0) return;
  if (action.sa_handler == SIG_IGN) return;  // by the parent process
  ignores_it = signal(SIGXFSZ, SIG_IGN) != SIG_ERR;
}

void RestoreFileSizeSignal() noexcept {
  if (ignores_it) signal(SIGXFSZ, SIG_DFL);
}

}  // namespace appcache::command
