#include "tests/command/command.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/await.h"
#include "tools/command/exec/run_lock.h"

namespace appcache::command {
namespace {

std::string ReadPath(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file),
                     std::istreambuf_iterator<char>());
}

int WaitStatus(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void Redirect(const std::string& path, int flags, int fd) {
  const int opened = open(path.c_str(), flags, 0600);
  if (opened < 0 || dup2(opened, fd) < 0) _exit(99);
  close(opened);
}

// For this process after it executes another program. A failure is ignored: a
// process without the right to drop a capability does not have it either.
void DropFilePrivileges() {
  for (const int capability :
       {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER}) {
    prctl(PR_CAPBSET_DROP, capability);
  }
}

}  // namespace

void AwaitThat(const std::function<bool()>& condition) {
  ASSERT_TRUE(Await(condition)) << "/proc/locks:\n" << ReadPath("/proc/locks");
}

const std::string& Binary() {
  // Bazel runs a test in the folder that contains its data.
  static const std::string& path =
      *new std::string(std::filesystem::absolute("tools/appcache"));
  return path;
}

Running::~Running() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  WaitStatus(pid_);
}

void Running::Signal(int number) const { kill(pid_, number); }

Output Running::Wait() {
  Output output;
  output.status = WaitStatus(std::exchange(pid_, -1));
  if (!out_.empty()) output.out = ReadPath(out_);
  output.err = ReadPath(err_);
  return output;
}

CommandTest::CommandTest() {
  setenv("XDG_CACHE_HOME", Path("xdg").c_str(), 1);
  unsetenv("APPCACHE_EXEC_RUNS");
  unsetenv("APPCACHE_CACHE");
}

Running CommandTest::Start(const Words& arguments, const Streams& streams) {
  const std::string number = std::to_string(++started_);
  const bool captures = streams.out.empty();
  const std::string out = captures ? Path("out-" + number) : streams.out;
  const std::string err = Path("err-" + number);
  Words line = streams.starter;
  line.push_back(Binary());
  line.insert(line.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& word : line) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    if (chdir(dir_.path().c_str()) != 0) _exit(99);
    Redirect(streams.in, O_RDONLY, STDIN_FILENO);
    Redirect(out, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
    // Into the same file when the test needs the order of both.
    Redirect(captures ? err : out, O_WRONLY | O_CREAT | O_APPEND,
             STDERR_FILENO);
    if (streams.without_privileges) DropFilePrivileges();
    execv(words[0], words.data());
    _exit(98);
  }
  return Running(pid, captures ? out : std::string(), err);
}

Output CommandTest::RunWithoutPrivileges(const Words& arguments) {
  Streams streams;
  streams.without_privileges = true;
  return Start(arguments, streams).Wait();
}

Output CommandTest::RunWithInput(const Words& arguments,
                                 const std::string& input) {
  WriteFile("input", input);
  Streams streams;
  streams.in = Path("input");
  return Start(arguments, streams).Wait();
}

Words CommandTest::ExecWords(const std::string& script, const Words& options) {
  Words words = {"exec"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--", "sh", "-c", script});
  return words;
}

Output CommandTest::Exec(const std::string& script, const Words& options) {
  return Run(ExecWords(script, options));
}

void CommandTest::WriteFile(const std::string& name,
                            const std::string& text) const {
  std::ofstream(Path(name), std::ios::binary) << text;
}

std::string CommandTest::ReadFile(const std::string& name) const {
  return ReadPath(Path(name));
}

size_t CommandTest::CountLines(const std::string& name) const {
  const std::string text = ReadFile(name);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

void CommandTest::AwaitLines(const std::string& name, size_t count) const {
  AwaitThat([&] { return CountLines(name) >= count; });
}

void CommandTest::AwaitUnlocked(const std::string& lock_file) {
  AwaitThat([&] {
    const UniqueFd fd(open(lock_file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.is_open()) return errno == ENOENT;
    struct flock all = {};
    all.l_type = F_WRLCK;
    EXPECT_EQ(fcntl(fd.get(), F_OFD_GETLK, &all), 0);
    return all.l_type == F_UNLCK;
  });
}

void CommandTest::AwaitWaiter(const std::string& lock_file, int count) {
  struct stat info;
  ASSERT_EQ(stat(lock_file.c_str(), &info), 0);
  const std::string inode = ":" + std::to_string(info.st_ino) + " ";
  AwaitThat([&] {
    int found = 0;
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
      if (line.find("->") != std::string::npos &&
          line.find(inode) != std::string::npos) {
        ++found;
      }
    }
    return found >= count;
  });
}

void CommandTest::AwaitIdle(const std::string& lock_file) {
  AwaitThat([&] {
    if (!std::filesystem::exists(lock_file)) return true;
    // Removes the file if no process holds a lock.
    EXPECT_TRUE(
        RunLock::Acquire(lock_file, "", 0600, std::chrono::milliseconds(0), [] {
        }).ok());
    return false;
  });
}

void CommandTest::MakeFifo(const std::string& name) const {
  ASSERT_EQ(mkfifo(Path(name).c_str(), 0600), 0);
}

void CommandTest::Await(const std::string& name) const {
  const int fd = open(Path(name).c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  // Reads to the end: otherwise the next Await could open the same writer.
  char byte = 0;
  EXPECT_EQ(read(fd, &byte, 1), 0);
  close(fd);
}

CommandTest::Opened::~Opened() {
  if (fd_ >= 0) close(fd_);
}

CommandTest::Opened CommandTest::Release(const std::string& name,
                                         int count) const {
  // O_RDWR: does not wait for a reader.
  const int fd = open(Path(name).c_str(), O_RDWR | O_CLOEXEC);
  const std::string lines(static_cast<size_t>(count), '\n');
  EXPECT_EQ(write(fd, lines.data(), lines.size()), count);
  return Opened(fd);
}

}  // namespace appcache::command
