// peak FILE PROGRAM [ARG]...: runs a program, and writes the largest resident
// size, in KiB, of it and of the processes that it waited for into a file.
// Exits with its status.
//
// A process that is forked counts the memory of the one that forked it until it
// executes its program. This one is small, unlike a test.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const pid_t pid = fork();
  if (pid == 0) {
    execv(argv[2], argv + 2);
    _exit(98);
  }
  int status = 0;
  rusage usage = {};
  if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) return 97;
  std::ofstream(argv[1]) << usage.ru_maxrss << "\n";
  return WIFEXITED(status) ? WEXITSTATUS(status) : 96;
}
