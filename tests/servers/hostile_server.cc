#include "tests/servers/hostile_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace appcache {
namespace {

using Pace = Attack::Pace;

// Enough for the server to be always ahead of the client.
constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr int kSendBufferBytes = 8 << 20;

// Whole repetitions of `text`.
std::string BlockOf(const std::string& text) {
  std::string block;
  while (!text.empty() && block.size() < kBlockBytes) block += text;
  return block;
}

}  // namespace

HostileServer::HostileServer(Attack attack, std::vector<std::string> answers)
    : attack_(std::move(attack)),
      block_(BlockOf(attack_.repeated)),
      answers_(std::move(answers)),
      listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, plain, sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  thread_ = std::jthread([this] { Run(); });
}

HostileServer::~HostileServer() {
  eventfd_write(stop_, 1);
  thread_.join();
  for (const Client& client : clients_) close(client.fd);
  close(listener_);
  close(stop_);
}

void HostileServer::Run() {
  for (;;) {
    std::vector<pollfd> waiting = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Client& client : clients_) {
      const bool floods = client.is_attacked && attack_.pace != Pace::kDrip;
      const int events = floods ? POLLIN | POLLOUT : POLLIN;
      waiting.push_back({client.fd, static_cast<short>(events), 0});
    }
    poll(waiting.data(), waiting.size(), attack_.pace == Pace::kDrip ? 1 : -1);
    if (waiting[0].revents != 0) return;
    size_t at = 2;
    std::erase_if(clients_, [&](Client& client) {
      const bool is_over = !Serve(client, waiting[at++].revents);
      if (is_over) close(client.fd);
      return is_over;
    });
    if (waiting[1].revents != 0) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes,
                 sizeof(kSendBufferBytes));
      clients_.push_back({fd});
    }
  }
}

bool HostileServer::Serve(Client& client, short ready) {
  if ((ready & ~POLLOUT) != 0 && !Receive(client)) return false;
  if (!client.is_attacked) return true;
  if (attack_.pace == Pace::kDrip) return Send(client, 1);
  return (ready & POLLOUT) == 0 || Send(client, kBlockBytes);
}

// Answers a request, or begins the attack.
bool HostileServer::Receive(Client& client) const {
  char request[size_t{64} << 10];
  if (recv(client.fd, request, sizeof(request), 0) <= 0) return false;
  if (client.is_attacked) return true;
  if (client.answered == answers_.size()) {
    client.is_attacked = true;
    client.unsent = attack_.beginning;
    return true;
  }
  const std::string& answer = answers_[client.answered++];
  return send(client.fd, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
}

bool HostileServer::Send(Client& client, size_t limit) {
  if (client.unsent.empty() && attack_.pace == Pace::kOnce) return false;
  if (client.unsent.empty()) client.unsent = block_;
  const ssize_t sent =
      send(client.fd, client.unsent.data(),
           std::min(limit, client.unsent.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client.unsent.remove_prefix(static_cast<size_t>(sent));
  sent_bytes_ += static_cast<uint64_t>(sent);
  return true;
}

}  // namespace appcache
