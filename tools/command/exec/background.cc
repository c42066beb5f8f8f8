#include "tools/command/exec/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace appcache::command {
namespace {

// True for a descriptor that this process was started with, above the standard
// ones: close-on-exec would have closed it.
bool IsInherited(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  return fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

// Returns false if the directory cannot be read.
bool CloseListed(const char* directory) {
  std::vector<int> inherited;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (IsInherited(fd)) inherited.push_back(fd);
  }
  for (const int fd : inherited) close(fd);
  return !error;
}

// Takes about 10 ms. The system gives a program the lowest free numbers, so its
// own descriptors are not above the limit.
void CloseAllNumbers() {
  constexpr int kNumbers = 1 << 16;
  for (int fd = STDERR_FILENO + 1; fd < kNumbers; ++fd) {
    if (IsInherited(fd)) close(fd);
  }
#ifdef SYS_close_range
  syscall(SYS_close_range, kNumbers, ~0U, 0);
#endif
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

void Detach(const char* descriptors) {
  setsid();
  prctl(PR_SET_PDEATHSIG, 0);
  if (!CloseListed(descriptors)) CloseAllNumbers();
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
