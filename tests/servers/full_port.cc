#include "tests/servers/full_port.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace appcache {

FullPort::FullPort() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(listener_, plain, size), 0);
  EXPECT_EQ(listen(listener_, 0), 0);
  EXPECT_EQ(getsockname(listener_, plain, &size), 0);
  number_ = ntohs(address.sin_port);
  for (int& client : clients_) {
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)connect(client, plain, size);
  }
}

FullPort::~FullPort() {
  for (const int client : clients_) close(client);
  close(listener_);
}

}  // namespace appcache
