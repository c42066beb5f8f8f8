#include "tests/servers/cut_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace appcache {
namespace {

int ConnectUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
      0) {
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace

CutProxy::CutProxy(std::string server_path)
    : server_path_(std::move(server_path)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (bind(listener_, plain, size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, plain, &size) != 0 || wake_ < 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

CutProxy::~CutProxy() {
  is_ending_ = true;
  Wake();
  thread_.join();
  for (Link& link : links_) Close(link);
  close(listener_);
  close(wake_);
}

void CutProxy::Wake() const {
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) != ssize_t{sizeof(one)}) std::abort();
}

void CutProxy::Cut() {
  is_cutting_ = true;
  Wake();
}

void CutProxy::Hold() {
  is_holding_ = true;
  Wake();
}

void CutProxy::Release() {
  is_holding_ = false;
  Wake();
}

void CutProxy::LeadTo(const std::string& server_path) {
  std::lock_guard<std::mutex> guard(mutex_);
  server_path_ = server_path;
}

void CutProxy::Close(Link& link) {
  if (link.client >= 0) close(std::exchange(link.client, -1));
  if (link.server >= 0) close(std::exchange(link.server, -1));
}

void CutProxy::Accept() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link.client < 0) return;
  const int on = 1;
  setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  {
    std::lock_guard<std::mutex> guard(mutex_);
    link.server = ConnectUnix(server_path_);
  }
  if (link.server < 0) {
    Close(link);
  } else {
    links_.push_back(link);
  }
}

void CutProxy::BeforeRequest(const std::string& text, int nth,
                             std::function<void()> then) {
  std::lock_guard<std::mutex> guard(mutex_);
  hook_text_ = text;
  pieces_until_hook_ = nth;
  hook_ = std::move(then);
}

void CutProxy::CallHook(std::string_view piece) {
  std::function<void()> hook;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (hook_ == nullptr || piece.find(hook_text_) == std::string_view::npos ||
        --pieces_until_hook_ > 0) {
      return;
    }
    hook = std::exchange(hook_, nullptr);
  }
  hook();
}

bool CutProxy::Pass(int from, int to, bool is_request) {
  char buffer[size_t{16} << 10];
  const ssize_t got = recv(from, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (got <= 0) return false;
  if (is_request) {
    CallHook({buffer, static_cast<size_t>(got)});
    if (is_cutting_) return false;
  }
  for (ssize_t at = 0; at < got;) {
    const ssize_t sent =
        send(to, buffer + at, static_cast<size_t>(got - at), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
  }
  return true;
}

void CutProxy::Loop() {
  while (!is_ending_) {
    if (is_cutting_.exchange(false)) {
      for (Link& link : links_) Close(link);
      links_.clear();
    }
    std::vector<pollfd> waiting = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (!is_holding_) {
      for (const Link& link : links_) {
        waiting.push_back({link.client, POLLIN, 0});
        waiting.push_back({link.server, POLLIN, 0});
      }
    }
    if (poll(waiting.data(), waiting.size(), -1) <= 0) continue;
    if (waiting[0].revents != 0) {
      uint64_t count = 0;
      if (read(wake_, &count, sizeof(count)) < 0) std::abort();
      continue;
    }
    size_t at = 2;
    for (auto link = links_.begin(); at < waiting.size();) {
      bool lives = true;
      if (waiting[at].revents != 0)
        lives = Pass(link->client, link->server, true);
      if (lives && waiting[at + 1].revents != 0) {
        lives = Pass(link->server, link->client, false);
      }
      at += 2;
      if (lives) {
        ++link;
      } else {
        Close(*link);
        link = links_.erase(link);
      }
    }
    if (waiting[1].revents != 0) Accept();
  }
}

}  // namespace appcache
