#include "tests/servers/reserved_port.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace appcache {
namespace {

int Reserve(int& number) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(fd, plain, size), 0);
  EXPECT_EQ(getsockname(fd, plain, &size), 0);
  number = ntohs(address.sin_port);
  return fd;
}

}  // namespace

ReservedPort::ReservedPort() {
  // Ports that are too high stay bound until one is found, so that the system
  // does not choose them again. Its range ends at 60,999 by default.
  constexpr int kTries = 1000;
  std::vector<int> too_high;
  for (int i = 0; i < kTries && number_ == 0; ++i) {
    socket_ = Reserve(number_);
    if (number_ <= kHighest) break;
    too_high.push_back(socket_);
    number_ = 0;
  }
  for (const int fd : too_high) close(fd);
  EXPECT_NE(number_, 0) << "found no free port up to " << kHighest
                        << "; check net.ipv4.ip_local_port_range";
}

ReservedPort::~ReservedPort() { close(socket_); }

}  // namespace appcache
