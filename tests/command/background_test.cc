#include "tools/command/exec/background.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

namespace appcache::command::background_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// The wait status of a child process that runs `body` and exits with its
// result.
template <class Body>
int StatusOfChild(const Body& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(BackgroundTest, ADetachedProcessHasASessionOfItsOwn) {
  EXPECT_EQ(StatusOfChild([] {
              prctl(PR_SET_PDEATHSIG, SIGKILL);
              Detach();
              int death_signal = -1;
              prctl(PR_GET_PDEATHSIG, &death_signal);
              return getsid(0) == getpid() && death_signal == 0 ? 0 : 1;
            }),
            0);
}

TEST(BackgroundTest, ADetachedProcessKeepsOnlyDescriptorsOfItsProgram) {
  const int inherited = open("/dev/null", O_RDONLY);
  const int high = fcntl(inherited, F_DUPFD, 500);
  const int own = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GT(inherited, STDERR_FILENO);
  ASSERT_GE(high, 500);
  for (const char* const descriptors : {"/proc/self/fd", "/nothing"}) {
    EXPECT_EQ(StatusOfChild([&] {
                Detach(descriptors);
                if (IsOpen(inherited) || IsOpen(high)) return 1;
                if (!IsOpen(own)) return 2;
                for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
                  if (!IsOpen(fd)) return 3;
                }
                return 0;
              }),
              0)
        << descriptors;
  }
  for (const int fd : {inherited, high, own}) close(fd);
}

TEST(BackgroundTest, ADeadlineEndsAProcessThatHangs) {
  const int status = StatusOfChild([] {
    // As a caller may have left it.
    signal(SIGALRM, SIG_IGN);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm, nullptr);
    const Deadline deadline(milliseconds(1));
    for (;;) pause();
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGALRM);
}

TEST(BackgroundTest, ADeadlineInTimeHasNoEffect) {
  EXPECT_EQ(StatusOfChild([] {
              { const Deadline deadline{hours(1)}; }
              return alarm(0) == 0 ? 0 : 1;  // no timer runs
            }),
            0);
}

}  // namespace
}  // namespace appcache::command::background_test
