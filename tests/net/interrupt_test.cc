// Interrupt: ends every wait on a stream from another thread.

#include "adapters/net/interrupt.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/stream.h"
#include "tests/servers/full_port.h"

namespace appcache::net::interrupt_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// Raises the interrupt before `wait` waits or while it does. Expects that it
// returns kTimeout.
void ExpectInterrupted(
    const std::function<Status(const Deadline& deadline)>& wait) {
  Interrupt interrupt;
  std::promise<void> begins;
  const std::jthread raiser([&] {
    begins.get_future().wait();
    interrupt.Raise();
  });
  const Deadline deadline(hours(1), interrupt.descriptor());
  begins.set_value();
  const Status status = wait(deadline);
  EXPECT_TRUE(status.Is(ErrorCode::kTimeout)) << status.ToString();
  EXPECT_GT(deadline.Left(), milliseconds(0));
}

TEST(InterruptTest, StaysRaised) {
  Interrupt interrupt;
  EXPECT_FALSE(interrupt.is_raised());
  EXPECT_FALSE(interrupt.AwaitRaised(Deadline(milliseconds(1))));
  interrupt.Raise();
  interrupt.Raise();
  EXPECT_TRUE(interrupt.is_raised());
  EXPECT_TRUE(interrupt.AwaitRaised(Deadline(hours(1))));
  EXPECT_TRUE(interrupt.AwaitRaised(Deadline(milliseconds(0))));
}

TEST(InterruptTest, EndsALookUp) {
  std::promise<void> end;
  const std::shared_future<void> may_end = end.get_future().share();
  Resolver resolver({"fake", "slow.example", 1, ""},
                    [may_end](const Endpoint&) -> Result<std::vector<Address>> {
                      may_end.wait();
                      return std::vector<Address>(1);
                    });
  ExpectInterrupted([&](const Deadline& deadline) {
    return resolver.Resolve(deadline).status();
  });
  end.set_value();
}

TEST(InterruptTest, EndsConnecting) {
  const FullPort dead;
  Resolver resolver({"fake", "127.0.0.1", dead.number(), ""});
  ExpectInterrupted([&](const Deadline& deadline) {
    Stream stream("the fake server");
    return stream.Connect(resolver, hours(1), deadline);
  });
}

class InterruptedStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    ASSERT_EQ(bind(listener_, plain, size), 0);
    ASSERT_EQ(listen(listener_, 1), 0);
    ASSERT_EQ(getsockname(listener_, plain, &size), 0);
    Resolver resolver({"fake", "127.0.0.1", ntohs(address.sin_port), ""});
    ASSERT_TRUE(stream_.Connect(resolver, hours(1), Deadline(hours(1))).ok());
  }
  void TearDown() override { close(listener_); }

  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Stream stream_{"the fake server"};
};

TEST_F(InterruptedStreamTest, EndsReceiving) {
  ExpectInterrupted([&](const Deadline& deadline) {
    std::string_view received;
    return stream_.Receive(received, deadline);
  });
  EXPECT_FALSE(stream_.is_usable());
}

TEST_F(InterruptedStreamTest, EndsSending) {
  ExpectInterrupted([&](const Deadline& deadline) {
    return stream_.Send(std::string(64 << 20, 'x'), deadline);
  });
}

TEST_F(InterruptedStreamTest, EndsAwaitSomeAndTheStreamStaysUsable) {
  std::string_view received;
  EXPECT_TRUE(stream_.AwaitSome(received, Deadline(milliseconds(1))).ok());
  EXPECT_TRUE(received.empty());
  ExpectInterrupted([&](const Deadline& deadline) {
    EXPECT_TRUE(stream_.AwaitSome(received, deadline).ok());
    EXPECT_TRUE(received.empty());
    return Status(ErrorCode::kTimeout, "returned");
  });
  EXPECT_TRUE(stream_.is_usable());
}

}  // namespace
}  // namespace appcache::net::interrupt_test
