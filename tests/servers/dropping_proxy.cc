#include "tests/servers/dropping_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace appcache {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Forwards some bytes. False: `from` has closed.
bool Forward(int from, int to) {
  char bytes[4096];
  const ssize_t size = recv(from, bytes, sizeof(bytes), 0);
  return size > 0 &&
         send(to, bytes, static_cast<size_t>(size), MSG_NOSIGNAL) == size;
}

}  // namespace

DroppingProxy::DroppingProxy(std::string server_path, int drops)
    : server_path_(std::move(server_path)),
      listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = AddressOf(path_);
  const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, plain, sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 8), 0);
  thread_ = std::jthread([this, drops] {
    for (int served = 0;; ++served) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      Serve(client, served < drops);
      close(client);
    }
  });
}

DroppingProxy::~DroppingProxy() {
  // Ends accept().
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void DroppingProxy::Serve(int client, bool is_dropped) const {
  if (is_dropped) {
    char request[4096];
    EXPECT_GT(recv(client, request, sizeof(request), 0), 0);
    return;
  }
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(server_path_);
  EXPECT_EQ(connect(server, reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)),
            0);
  pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !Forward(client, server)) break;
    if (ends[1].revents != 0 && !Forward(server, client)) break;
  }
  close(server);
}

}  // namespace appcache
