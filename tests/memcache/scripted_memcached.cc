#include "tests/memcache/scripted_memcached.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

namespace appcache {
namespace {

// The length of the value that follows the line, and of its line end.
size_t ValueBytes(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  std::string key;
  std::string flags;
  std::string exptime;
  size_t bytes = 0;
  words >> word >> key;
  if (word == "ms") {
    words >> bytes;
  } else if (word == "set" || word == "add") {
    words >> flags >> exptime >> bytes;
  } else {
    return 0;
  }
  return bytes + 2;
}

}  // namespace

ScriptedMemcached::ScriptedMemcached(Replies replies)
    : replies_(std::move(replies)),
      listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, plain, sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  Start();
}

ScriptedMemcached::~ScriptedMemcached() {
  Stop();
  close(listener_);
  close(stop_);
}

void ScriptedMemcached::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void ScriptedMemcached::Stop() {
  eventfd_write(stop_, 1);
  thread_.join();
  eventfd_t count = 0;
  eventfd_read(stop_, &count);
  for (const Client& client : clients_) close(client.fd);
  clients_.clear();
}

void ScriptedMemcached::SetReplies(Replies replies) {
  const std::lock_guard lock(mutex_);
  replies_ = std::move(replies);
}

void ScriptedMemcached::Restart(Replies replies) {
  Stop();
  SetReplies(std::move(replies));
  Start();
}

std::vector<std::string> ScriptedMemcached::Commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::string ScriptedMemcached::Words() const {
  std::string words;
  for (const std::string& command : Commands()) {
    if (!words.empty()) words += ' ';
    words += command.substr(0, command.find(' '));
  }
  return words;
}

void ScriptedMemcached::Run() {
  for (;;) {
    std::vector<pollfd> waiting = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Client& client : clients_) {
      waiting.push_back({client.fd, POLLIN, 0});
    }
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents != 0) return;
    size_t at = 2;
    std::erase_if(clients_, [&](Client& client) {
      const bool is_over = waiting[at++].revents != 0 && !Receive(client);
      if (is_over) close(client.fd);
      return is_over;
    });
    if (waiting[1].revents != 0) {
      clients_.push_back({accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)});
    }
  }
}

bool ScriptedMemcached::Receive(Client& client) {
  char buffer[size_t{64} << 10];
  const ssize_t size = recv(client.fd, buffer, sizeof(buffer), 0);
  if (size <= 0) return false;
  std::string& received = client.received;
  received.append(buffer, static_cast<size_t>(size));
  for (;;) {
    const size_t skipped = std::min(client.value_bytes, received.size());
    received.erase(0, skipped);
    client.value_bytes -= skipped;
    const size_t end = received.find("\r\n");
    if (end == std::string::npos) return true;
    const std::string line = received.substr(0, end);
    received.erase(0, end + 2);
    if (!Answer(client, line)) return false;
  }
}

bool ScriptedMemcached::Answer(Client& client, const std::string& line) {
  std::string reply = "ERROR\r\n";
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(line);
    const auto found = replies_.find(line.substr(0, line.find(' ')));
    if (found != replies_.end()) {
      reply = found->second;
      client.value_bytes = ValueBytes(line);
    }
  }
  if (reply.empty()) return false;
  return send(client.fd, reply.data(), reply.size(), MSG_NOSIGNAL) > 0;
}

}  // namespace appcache
