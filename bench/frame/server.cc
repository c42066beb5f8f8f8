#include "bench/frame/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

constexpr auto kStartTimeout = std::chrono::minutes(1);

std::vector<std::string> RedisCommand(const std::string& socket, size_t) {
  return {"redis-server", "--port", "0", "--unixsocket", socket, "--save", "",
          "--appendonly", "no"};
}

std::vector<std::string> MemcachedCommand(const std::string& socket,
                                          size_t bytes) {
  const size_t mebibytes = std::max<size_t>(64, bytes >> 20);
  std::vector<std::string> command = {"memcached", "-s", socket, "-m",
                                      std::to_string(mebibytes)};
  // memcached refuses to run as root unless a user is named.
  if (geteuid() == 0) command.insert(command.end(), {"-u", "root"});
  return command;
}

// Starts the command, whose output is discarded.
pid_t Start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  Must(process >= 0, "cannot fork");
  if (process != 0) return process;
  const int nothing = open("/dev/null", O_RDWR);
  for (const int stream : {0, 1, 2}) dup2(nothing, stream);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) execvp(arguments[0], arguments.data());
  _exit(127);
}

bool Accepts(const std::string& socket_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Must(fd >= 0, "cannot make a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Must(socket_path.size() < sizeof address.sun_path,
       "too long for a unix socket: " + socket_path);
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool accepts = connect(fd, reinterpret_cast<const sockaddr*>(&address),
                               sizeof address) == 0;
  close(fd);
  return accepts;
}

}  // namespace

Server Server::Redis() { return Server(RedisCommand, 0); }

Server Server::Memcached(size_t bytes) {
  return Server(MemcachedCommand, bytes);
}

Server::Server(std::vector<std::string> (*command)(const std::string&, size_t),
               size_t bytes)
    : process_(Start(command(socket(), bytes))) {
  const std::string name = command(socket(), bytes).front();
  const auto end = std::chrono::steady_clock::now() + kStartTimeout;
  while (!Accepts(socket())) {
    Must(waitpid(process_, nullptr, WNOHANG) == 0,
         name + " does not start; is it installed?");
    Must(std::chrono::steady_clock::now() < end, name + " does not listen");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Server::~Server() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

}  // namespace appcache::bench
