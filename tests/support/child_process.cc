#include "tests/support/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

extern char** environ;

namespace appcache {

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  const char* const program = std::getenv("CHILD_PROCESS");
  EXPECT_NE(program, nullptr)
      << "CHILD_PROCESS is not set: the BUILD file must set it to a program";
  if (program == nullptr) return;
  arguments.insert(arguments.begin(), program);
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);

  int input[2];
  int output[2];
  EXPECT_EQ(pipe2(input, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(output, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  EXPECT_EQ(
      posix_spawn(&process_, program, &actions, nullptr, words.data(), environ),
      0);
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  to_ = fdopen(input[1], "w");
  from_ = fdopen(output[0], "r");
}

ChildProcess::~ChildProcess() {
  if (process_ > 0) Kill();
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
}

std::string ChildProcess::ReadLine() {
  std::string line;
  for (int c = std::fgetc(from_); c != EOF && c != '\n';
       c = std::fgetc(from_)) {
    line += static_cast<char>(c);
  }
  return line;
}

std::vector<std::string> ChildProcess::ReadAll() {
  std::vector<std::string> lines;
  for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
    lines.push_back(std::move(line));
  }
  return lines;
}

void ChildProcess::WriteLine(const std::string& line) {
  EXPECT_GE(std::fprintf(to_, "%s\n", line.c_str()), 0);
  EXPECT_EQ(std::fflush(to_), 0);
}

void ChildProcess::AwaitStop() {
  int status = 0;
  EXPECT_EQ(waitpid(process_, &status, WUNTRACED), process_);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void ChildProcess::Continue() { EXPECT_EQ(kill(process_, SIGCONT), 0); }

void ChildProcess::Kill() {
  EXPECT_EQ(kill(process_, SIGKILL), 0);
  Wait();
}

int ChildProcess::Wait() {
  int status = 0;
  EXPECT_EQ(waitpid(process_, &status, 0), process_);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace appcache
