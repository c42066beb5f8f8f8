#include "tools/command/exec/run_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache::command::run_lock_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class RunLockTest : public ::testing::Test {
 protected:
  std::optional<RunLock> Acquire(const std::string& run,
                                 milliseconds max_wait = minutes(1)) const {
    auto lock = RunLock::Acquire(path_, run, 0600, max_wait, [] {});
    EXPECT_TRUE(lock.ok()) << lock.status().message();
    return lock.ok() ? *std::move(lock) : std::nullopt;
  }

  bool HasFile() const { return std::filesystem::exists(path_); }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/lock";
};

TEST_F(RunLockTest, TheLastHolderRemovesTheFile) {
  auto one = Acquire("one");
  auto two = Acquire("two");
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(Acquire("one", milliseconds(0)));
  EXPECT_TRUE(HasFile());
  one.reset();
  EXPECT_TRUE(HasFile());
  EXPECT_FALSE(Acquire("two", milliseconds(0)));
  two.reset();
  EXPECT_FALSE(HasFile());
}

TEST_F(RunLockTest, TheNextHolderRemovesTheFileOfOneThatWasKilled) {
  std::ofstream(path_).flush();
  Acquire("one");
  EXPECT_FALSE(HasFile());
}

TEST_F(RunLockTest, AHolderDoesNotRemoveTheFileOfAnother) {
  auto old = Acquire("one");
  // Another program has removed the file, and a new process uses a new one.
  std::filesystem::remove(path_);
  auto current = Acquire("one");
  ASSERT_TRUE(current);
  old.reset();
  EXPECT_TRUE(HasFile());
  EXPECT_FALSE(Acquire("one", milliseconds(0)));
}

// Two releases would otherwise each find the lock of the other, and nobody
// would remove the file.
TEST_F(RunLockTest, TwoHoldersThatReleaseAtTheSameTimeLeaveNoFile) {
  for (int round = 0; round < 2000; ++round) {
    auto one = Acquire("one");
    auto two = Acquire("two");
    std::barrier start(2);
    std::thread other([&] {
      start.arrive_and_wait();
      one.reset();
    });
    start.arrive_and_wait();
    two.reset();
    other.join();
    ASSERT_FALSE(HasFile()) << round;
  }
}

// A release locks the whole file for a moment. Other runs do not take that for
// a holder of their own lock.
TEST_F(RunLockTest, TheReleaseOfOneRunDoesNotRefuseTheLockOfAnother) {
  std::atomic<bool> is_done = false;
  std::vector<std::thread> others;
  for (const char* const run : {"one", "three", "four"}) {
    others.emplace_back([&, run] {
      while (!is_done) Acquire(run);
    });
  }
  int refused = 0;
  int waits = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto max_wait = round % 2 == 0 ? milliseconds(0) : minutes(1);
    auto lock =
        RunLock::Acquire(path_, "two", 0600, max_wait, [&] { ++waits; });
    if (!lock.ok() || !*lock) ++refused;
  }
  is_done = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(waits, 0);
}

TEST_F(RunLockTest, AFileThatStaysLockedIsNotWaitedForWithoutEnd) {
  std::ofstream(path_).flush();
  const int fd = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  struct flock all = {};
  all.l_type = F_WRLCK;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &all), 0);
  EXPECT_FALSE(Acquire("one", milliseconds(0)));
  close(fd);
  EXPECT_TRUE(Acquire("one", milliseconds(0)));
}

// Takes and releases the locks of four runs, and verifies that no other process
// has the lock at the same time.
int UseLocks(const std::string& path, int seed) {
  for (int i = 0; i < 40; ++i) {
    const std::string run = std::to_string((seed + i) % 4);
    auto lock = RunLock::Acquire(path, run, 0600, minutes(1), [] {});
    if (!lock.ok() || !*lock) return 1;
    const std::string owned = path + "-owned-" + run;
    if (mkdir(owned.c_str(), 0700) != 0) return 2;
    if (rmdir(owned.c_str()) != 0) return 3;
  }
  return 0;
}

TEST_F(RunLockTest, AHundredProcessesExcludeEachOtherAndLeaveNoFile) {
  std::vector<pid_t> children;
  for (int i = 0; i < 100; ++i) {
    const pid_t pid = fork();
    if (pid == 0) _exit(UseLocks(path_, i));
    children.push_back(pid);
  }
  for (const pid_t child : children) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_FALSE(HasFile());
}

}  // namespace
}  // namespace appcache::command::run_lock_test
