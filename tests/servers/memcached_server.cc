#include "tests/servers/memcached_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <sstream>
#include <string_view>
#include <utility>

#include "adapters/memcache/base64.h"
#include "adapters/memcache/wire_key.h"

namespace appcache {
namespace {

int ConnectTo(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, address, size) == 0) return fd;
  close(fd);
  return -1;
}

// True when `answer` ends with the last line of a reply. A meta reply with a
// value begins with "VA" and the length of the value.
bool IsWhole(std::string_view answer) {
  if (!answer.ends_with("\r\n")) return false;
  if (answer.starts_with("VA ")) {
    const size_t line = answer.find("\r\n") + 2;
    const size_t value = std::stoul(std::string(answer.substr(3, line - 3)));
    return answer.size() == line + value + 2;
  }
  answer.remove_suffix(2);
  const std::string_view line = answer.substr(answer.rfind('\n') + 1);
  for (const std::string_view word :
       {"END", "STORED", "DELETED", "NOT_FOUND", "OK", "VERSION", "TOUCHED",
        "HD", "EN", "NF", "NS", "BUSY", "ERROR", "CLIENT_ERROR",
        "SERVER_ERROR"}) {
    if (line.substr(0, line.find(' ')) == word) return true;
  }
  return false;
}

// Decodes the percent-encoding of a listing: "%20".
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(
        std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return decoded;
}

// The text after `name` up to the next blank; empty if `name` is not in `line`.
std::string Field(const std::string& line, const std::string& name) {
  const size_t at = line.find(name);
  if (at == std::string::npos) return std::string();
  const size_t begin = at + name.size();
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace

MemcachedServer::MemcachedServer(std::vector<std::string> settings,
                                 Listen listen)
    : TestServer("memcached"), settings_(std::move(settings)) {
  if (listen == Listen::kTcp) port_.emplace();
  Start();
}

MemcachedServer::~MemcachedServer() { Disconnect(); }

void MemcachedServer::Start() {
  // memcached runs as root only with "-u root". With the smallest hash table,
  // which requires few threads, a listing takes 1 ms instead of 20 ms.
  std::vector<std::string> command = {"memcached", "-u", "root",        "-t",
                                      "2",         "-o", "hashpower=12"};
  const std::vector<std::string> where =
      port_ ? std::vector<std::string>{"-l", "127.0.0.1",           "-U", "0",
                                       "-p", std::to_string(port())}
            : std::vector<std::string>{"-s", socket_path()};
  command.insert(command.end(), where.begin(), where.end());
  command.insert(command.end(), settings_.begin(), settings_.end());
  process_ = std::make_unique<ServerProcess>(
      std::move(command),
      [this] {
        connection_ = Connect();
        return connection_ >= 0;
      },
      "memcached");
  open_at_start_ = Stat("curr_connections");
  accepted_at_start_ = Stat("total_connections");
}

int MemcachedServer::port() const {
  assert(port_.has_value());
  return port_->number();
}

int64_t MemcachedServer::OpenConnections() {
  return Stat("curr_connections") - open_at_start_;
}

int64_t MemcachedServer::AcceptedConnections() {
  return Stat("total_connections") - accepted_at_start_;
}

void MemcachedServer::Disconnect() {
  if (connection_ >= 0) close(std::exchange(connection_, -1));
}

int MemcachedServer::Connect() const {
  if (port_) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port()));
    return ConnectTo(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  socket_path().copy(address.sun_path, sizeof(address.sun_path) - 1);
  return ConnectTo(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

std::string MemcachedServer::Run(const std::string& command) {
  if (connection_ < 0) connection_ = Connect();
  const std::string line = command + "\r\n";
  EXPECT_EQ(send(connection_, line.data(), line.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(line.size()));
  std::string answer;
  while (!IsWhole(answer)) {
    char buffer[65536];
    const ssize_t size = recv(connection_, buffer, sizeof(buffer), 0);
    if (size <= 0) {
      Disconnect();
      return answer + "<closed>";
    }
    answer.append(buffer, static_cast<size_t>(size));
  }
  answer.resize(answer.size() - 2);
  return answer;
}

int64_t MemcachedServer::Stat(const std::string& name) {
  const std::string stats = Run("stats");
  const std::string figure = Field(stats, "STAT " + name + " ");
  return figure.empty() ? -1 : std::stoll(figure);
}

// Lists the hash table: a listing of the LRU lists omits items in use, for
// example by a reply that has just been sent.
std::string MemcachedServer::Listing() {
  std::string listing = "BUSY";
  while (listing.starts_with("BUSY")) {
    listing = Run("lru_crawler metadump hash");
  }
  return listing;
}

void MemcachedServer::PassTime(std::chrono::milliseconds time) {
  const int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time).count();
  std::istringstream lines(Listing());
  for (std::string line; std::getline(lines, line);) {
    const std::string key = Field(line, "key=");
    const std::string end = Field(line, "exp=");
    if (key.empty() || end == "-1") continue;
    // An expiry time in the past expires the item. The reply is EN if the item
    // has expired by itself. Keys may contain blanks and line ends; those of
    // the text protocol may be too long for base64.
    const std::string then = std::to_string(std::stoll(end) - seconds);
    const std::string path = Decoded(key);
    std::string command = "mg ";
    if (path.size() > memcache::kMaxBase64PathBytes) {
      command += path;
    } else {
      memcache::AppendBase64(path, command);
      command += " b";
    }
    Run(command + " T" + then);
  }
}

}  // namespace appcache
