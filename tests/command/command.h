// Runs the appcache command as a user would, in a temporary directory.

#ifndef APPCACHE_TESTS_COMMAND_COMMAND_H_
#define APPCACHE_TESTS_COMMAND_COMMAND_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache::command {

using Words = std::vector<std::string>;

// Waits until `condition` is true. After a minute, fails the test, and prints
// the locks of all processes.
void AwaitThat(const std::function<bool()>& condition);

struct Output {
  int status = -1;  // the exit status, or 1000 + the signal that killed it
  std::string out;
  std::string err;
};

// A command that was started. The destructor kills it if it still runs.
class Running {
 public:
  Running(pid_t pid, std::string out, std::string err)
      : pid_(pid), out_(std::move(out)), err_(std::move(err)) {}
  Running(Running&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        out_(std::move(other.out_)),
        err_(std::move(other.err_)) {}
  ~Running();

  pid_t pid() const { return pid_; }
  void Signal(int number) const;
  // Waits for its exit.
  Output Wait();

 private:
  pid_t pid_;
  std::string out_;  // the files that it writes to; empty when not captured
  std::string err_;
};

// Options of the URI of a server that give a call time enough on a busy
// machine.
inline const std::string kPatient = "timeout=60s&connect_timeout=60s";

// Runs commands in the directory dir_, which also has the user's own cache.
class CommandTest : public ::testing::Test {
 protected:
  // The files of the standard streams, and how appcache is started.
  struct Streams {
    std::string in = "/dev/null";
    // For standard output and standard error. Empty: both are captured
    // separately, for Output.
    std::string out;
    // A program and its first arguments; the command line of appcache follows.
    // Empty: starts appcache itself.
    Words starter = {};
    // Permissions bind the command as they bind any user, even if this one is
    // root.
    bool without_privileges = false;
  };

  CommandTest();

  // Starts appcache with these arguments.
  Running Start(const Words& arguments, const Streams& streams);
  Running Start(const Words& arguments) { return Start(arguments, Streams()); }

  Output Run(const Words& arguments) { return Start(arguments).Wait(); }
  Output RunWithoutPrivileges(const Words& arguments);
  Output RunWithInput(const Words& arguments, const std::string& input);

  // appcache exec [options] -- sh -c script.
  Output Exec(const std::string& script, const Words& options = {});
  static Words ExecWords(const std::string& script, const Words& options = {});

  std::string Path(const std::string& name) const {
    return dir_.path() + "/" + name;
  }
  void WriteFile(const std::string& name, const std::string& text) const;
  std::string ReadFile(const std::string& name) const;
  size_t CountLines(const std::string& name) const;

  void AwaitLines(const std::string& name, size_t count) const;

  // Waits until no process holds the lock of a run on this lock file of exec.
  static void AwaitUnlocked(const std::string& lock_file);
  // Waits until `count` processes wait for a lock on this file.
  static void AwaitWaiter(const std::string& lock_file, int count = 1);
  // AwaitUnlocked; the file is removed then, also if a killed process has left
  // it.
  static void AwaitIdle(const std::string& lock_file);

  // Creates a FIFO by which a script and the test wait for each other. The
  // script runs `: > name` or `read x < name`.
  void MakeFifo(const std::string& name) const;
  // Waits until the script runs `: > name`.
  void Await(const std::string& name) const;
  // Lets `count` scripts continue, now or when they reach `read x < name`.
  // While the result exists, no more than `count` scripts may read.
  class Opened {
   public:
    explicit Opened(int fd) : fd_(fd) {}
    Opened(Opened&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Opened();

   private:
    int fd_;
  };
  [[nodiscard]] Opened Release(const std::string& name, int count = 1) const;

  const TempDir dir_;

 private:
  int started_ = 0;
};

// The path of the binary under test.
const std::string& Binary();

}  // namespace appcache::command

#endif  // APPCACHE_TESTS_COMMAND_COMMAND_H_
