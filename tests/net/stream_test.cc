// Stream: connects to a host with several addresses, some of which do not
// answer.

#include "adapters/net/stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/servers/full_port.h"

namespace appcache::net::stream_test {
namespace {

using std::chrono::milliseconds;
using Addresses = std::vector<Address>;

Address OfPort(uint16_t port) {
  Address address;
  auto& to = reinterpret_cast<sockaddr_in&>(address.storage);
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.size = sizeof(to);
  return address;
}

// A port where the system completes connections that nobody accepts.
class OpenPort {
 public:
  OpenPort() {
    Address address = OfPort(0);
    auto* const plain = reinterpret_cast<sockaddr*>(&address.storage);
    EXPECT_EQ(bind(listener_, plain, address.size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    EXPECT_EQ(getsockname(listener_, plain, &address.size), 0);
    number_ =
        ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
  }
  ~OpenPort() { close(listener_); }
  OpenPort(const OpenPort&) = delete;
  OpenPort& operator=(const OpenPort&) = delete;

  uint16_t number() const { return number_; }

 private:
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  uint16_t number_ = 0;
};

// Connects to a host with these addresses.
Status ConnectTo(const Addresses& addresses, const Deadline& deadline) {
  Resolver resolver(
      {"fake", "host.invalid", 1, ""},
      [addresses](const Endpoint&) -> Result<Addresses> { return addresses; });
  Stream stream("the fake server");
  return stream.Connect(resolver, milliseconds(1000), deadline);
}

TEST(StreamTest, SilentAddressesLeaveTimeForTheOthers) {
  const FullPort dead;
  const OpenPort alive;
  const Address silent = OfPort(dead.number());
  const Address good = OfPort(alive.number());
  for (const Addresses& addresses :
       {Addresses{silent, good}, Addresses{silent, silent, good}}) {
    const Deadline deadline(milliseconds(1000));
    const Status status = ConnectTo(addresses, deadline);
    EXPECT_TRUE(status.ok()) << status.ToString();
    // Time is left for the exchange.
    EXPECT_GT(deadline.Left(), milliseconds(0));
  }
}

TEST(StreamTest, OnlySilentAddressesUseAllTheTime) {
  const FullPort dead;
  const Address silent = OfPort(dead.number());
  for (const size_t count : {size_t{1}, size_t{3}}) {
    const Deadline deadline(milliseconds(200));
    const Status status = ConnectTo(Addresses(count, silent), deadline);
    EXPECT_EQ(deadline.Left(), milliseconds(0));
    EXPECT_TRUE(status.Is(ErrorCode::kTimeout)) << status.ToString();
  }
}

}  // namespace
}  // namespace appcache::net::stream_test
