#include "tests/servers/fault_proxy.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace appcache {
namespace {

// Sends all of `bytes`. What the client does not read fits into the buffer of
// its socket here, unless it has closed.
void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

int ConnectUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
      0) {
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace

FaultProxy::FaultProxy(std::string server_path, uint64_t seed)
    : server_path_(std::move(server_path)), random_(seed) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, plain, size), 0);
  EXPECT_EQ(listen(listener_, 128), 0);
  EXPECT_EQ(getsockname(listener_, plain, &size), 0);
  port_ = ntohs(address.sin_port);
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { Loop(); });
}

FaultProxy::~FaultProxy() {
  const uint64_t one = 1;
  EXPECT_EQ(write(wake_, &one, sizeof(one)), ssize_t{sizeof(one)});
  thread_.join();
  for (Link& link : links_) Close(link);
  close(listener_);
  close(wake_);
}

void FaultProxy::Close(Link& link) {
  if (link.client >= 0) close(std::exchange(link.client, -1));
  if (link.server >= 0) close(std::exchange(link.server, -1));
  link.is_dead = true;
}

FaultProxy::Fault FaultProxy::Draw() {
  if (Below(100) >= faults_per_hundred_) return Fault::kNone;
  // Neither kNone nor kRefuse, which applies to connections.
  return static_cast<Fault>(2 + Below(kFaults - 2));
}

void FaultProxy::Accept() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const int on = 1;
  setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const bool refuses = Below(300) < faults_per_hundred_;
  if (refuses) ++counts_[static_cast<size_t>(Fault::kRefuse)];
  if (!refuses) link.server = ConnectUnix(server_path_);
  if (link.server < 0) {
    Close(link);
  } else {
    links_.push_back(std::move(link));
  }
}

void FaultProxy::OnRequest(Link& link) {
  char buffer[65536];
  const ssize_t size = recv(link.client, buffer, sizeof(buffer), 0);
  if (size <= 0) return Close(link);
  // A server may send messages unasked. Delayed ones precede the reply to this
  // request in the stream.
  SendAll(link.client, std::exchange(link.held, {}));
  link.fault = Draw();
  ++counts_[static_cast<size_t>(link.fault)];
  SendAll(link.server, {buffer, static_cast<size_t>(size)});
}

void FaultProxy::OnReply(Link& link) {
  char buffer[65536];
  const ssize_t size = recv(link.server, buffer, sizeof(buffer), 0);
  if (size <= 0) return Close(link);
  const std::string_view reply(buffer, static_cast<size_t>(size));
  switch (link.fault) {
    case Fault::kNone:
    case Fault::kRefuse:
      return SendAll(link.client, reply);
    case Fault::kDelay:
      link.held += reply;
      link.due = Clock::now() + kDelay;
      return;
    case Fault::kCutBefore:
      return Close(link);
    case Fault::kCutInside:
      SendAll(link.client, reply.substr(0, (reply.size() + 1) / 2));
      return Close(link);
    case Fault::kCutAfter:
      SendAll(link.client, reply);
      return Close(link);
    case Fault::kDribble:
      for (size_t at = 0; at < reply.size(); ++at) {
        SendAll(link.client, reply.substr(at, 1));
      }
      return;
    case Fault::kBlackHole:
      return;
    case Fault::kGarbage:
      return SendAll(link.client, "HTTP/1.1 400 Bad Request\r\n\r\n");
    case Fault::kHalfClose:
      shutdown(link.client, SHUT_WR);
      return;
  }
}

void FaultProxy::Loop() {
  for (;;) {
    std::vector<pollfd> waiting = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    Clock::time_point due = Clock::time_point::max();
    for (const Link& link : links_) {
      waiting.push_back({link.client, POLLIN, 0});
      waiting.push_back({link.server, POLLIN, 0});
      due = std::min(due, link.due);
    }
    const int timeout =
        due == Clock::time_point::max()
            ? -1
            : static_cast<int>(
                  std::chrono::ceil<std::chrono::milliseconds>(
                      std::max(due - Clock::now(), Clock::duration::zero()))
                      .count());
    poll(waiting.data(), waiting.size(), timeout);
    if (waiting[1].revents != 0) return;
    size_t at = 2;
    for (Link& link : links_) {
      if (link.due <= Clock::now()) {
        SendAll(link.client, std::exchange(link.held, {}));
        link.due = Clock::time_point::max();
      }
      const bool request = waiting[at++].revents != 0;
      const bool reply = waiting[at++].revents != 0;
      if (request) OnRequest(link);
      if (reply && !link.is_dead) OnReply(link);
    }
    links_.remove_if([](const Link& link) { return link.is_dead; });
    if (waiting[0].revents != 0) Accept();
  }
}

}  // namespace appcache
