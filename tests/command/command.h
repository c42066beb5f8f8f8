// Runs the appcache command as a user would, in a directory of its own.

#ifndef APPCACHE_TESTS_COMMAND_COMMAND_H_
#define APPCACHE_TESTS_COMMAND_COMMAND_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache::command {

using Words = std::vector<std::string>;

struct Output {
  int status = -1;  // of the exit; 1000 and the signal that killed it
  std::string out;
  std::string err;
};

// A command that was started. Killed, if it still runs when this is gone.
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
  // Waits for its end.
  Output Wait();

 private:
  pid_t pid_;
  std::string out_;  // the files that it writes to; empty: not kept
  std::string err_;
};

// In its directory dir(), with the user's cache in there too.
class CommandTest : public ::testing::Test {
 protected:
  // Paths of what is read from and written to.
  struct Streams {
    std::string in = "/dev/null";
    // For standard output and standard error; empty: kept apart, for Output.
    std::string out;
  };

  CommandTest();

  // Starts appcache with these arguments.
  Running Start(const Words& arguments, const Streams& streams);
  Running Start(const Words& arguments) { return Start(arguments, Streams()); }

  Output Run(const Words& arguments) { return Start(arguments).Wait(); }
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

  // A pipe by which scripts and the test wait for each other; the script says
  // `: > name` or `read x < name`.
  void MakeFifo(const std::string& name) const;
  // Waits until the script has said `: > name`.
  void Await(const std::string& name) const;
  // Lets `count` scripts go on, now or whenever they come to `read x < name`.
  // They must not be more while the result lives.
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
