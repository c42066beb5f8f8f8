#include "tests/servers/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace appcache {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{60'000};

}  // namespace

ServerProcess::ServerProcess(std::vector<std::string> command,
                             const std::string& ready,
                             const std::string& package) {
  Start(command);
  const std::string printed = ReadUntil(
      [&](const std::string& text) {
        return text.find(ready) != std::string::npos;
      },
      static_cast<int>(kPatience.count()));
  ExpectReady(command[0], package, printed);
}

ServerProcess::ServerProcess(std::vector<std::string> command,
                             const std::function<bool()>& is_ready,
                             const std::string& package) {
  Start(command);
  const std::string printed =
      ReadUntil([&](const std::string&) { return is_ready(); }, 1);
  ExpectReady(command[0], package, printed);
}

void ServerProcess::ExpectReady(const std::string& program,
                                const std::string& package,
                                const std::string& printed) const {
  EXPECT_TRUE(is_ready_) << program << " did not start; it printed:\n"
                         << printed << "\nIs it installed? apt-get install "
                         << package;
}

ServerProcess::~ServerProcess() {
  if (output_ >= 0) close(output_);
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void ServerProcess::Start(std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  int output[2];
  ASSERT_EQ(pipe2(output, O_CLOEXEC), 0);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    // Killed when the thread that started it ends, which may have happened.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(output[1]);
  output_ = output[0];
}

template <class Done>
std::string ServerProcess::ReadUntil(const Done& done, int interval_ms) {
  const auto deadline = steady_clock::now() + kPatience;
  std::string printed;
  char buffer[4096];
  while (!done(printed)) {
    pollfd waiting = {output_, POLLIN, 0};
    const int some = poll(&waiting, 1, interval_ms);
    if (some < 0 || steady_clock::now() > deadline) return printed;
    if (some == 0) continue;
    const ssize_t size = read(output_, buffer, sizeof(buffer));
    if (size <= 0) return printed;
    printed.append(buffer, static_cast<size_t>(size));
  }
  is_ready_ = true;
  return printed;
}

void ServerProcess::Freeze() {
  EXPECT_EQ(kill(process_, SIGSTOP), 0);
  int status = 0;
  EXPECT_EQ(waitpid(process_, &status, WUNTRACED), process_);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void ServerProcess::Thaw() { EXPECT_EQ(kill(process_, SIGCONT), 0); }

}  // namespace appcache
