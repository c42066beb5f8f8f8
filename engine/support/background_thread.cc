#include "engine/support/background_thread.h"

#include <pthread.h>

#include <cassert>
#include <csignal>
#include <utility>

namespace appcache::internal {

std::thread StartBackgroundThread(std::function<void()> body) {
  assert(body != nullptr);
  // The new thread inherits the signal mask of this one.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct Restore {
    const sigset_t& mask;
    ~Restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } restore{before};
  return std::thread(std::move(body));
}

}  // namespace appcache::internal
