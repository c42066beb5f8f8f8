#include "engine/background_thread.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace appcache {

std::thread StartBackgroundThread(std::function<void()> body) {
  // Threads inherit the mask of the one that starts them.
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

}  // namespace appcache
