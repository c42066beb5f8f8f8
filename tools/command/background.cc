#include "tools/command/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace appcache::command {
namespace {

// The descriptors that this process was started with, above the standard ones:
// close-on-exec would have closed them.
std::vector<int> InheritedDescriptors() {
  std::vector<int> inherited;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    const int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0) {
      inherited.push_back(fd);
    }
  }
  return inherited;
}

void SetTimer(std::chrono::milliseconds time) {
  const itimerval timer{
      .it_interval = {},
      .it_value = {
          .tv_sec = static_cast<time_t>(time.count() / 1000),
          .tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000)}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

void Detach() {
  setsid();
  prctl(PR_SET_PDEATHSIG, 0);
  for (const int fd : InheritedDescriptors()) close(fd);
}

Deadline::Deadline(std::chrono::milliseconds time) {
  signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  SetTimer(time);
}

Deadline::~Deadline() { SetTimer(std::chrono::milliseconds(0)); }

}  // namespace appcache::command
