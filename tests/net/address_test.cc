// Resolver: returns by its deadline, however long a lookup takes.

#include "adapters/net/address.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace appcache::net::address_test {
namespace {

using std::chrono::milliseconds;
using Addresses = std::vector<Address>;

constexpr milliseconds kLong{60'000};

Endpoint Host(std::string host) { return {"Redis", std::move(host), 6379, ""}; }

// A lookup that returns after End was called.
class SlowLookUp {
 public:
  Resolver::LookUp AsFunction() const {
    return [state = state_](const Endpoint&) -> Result<Addresses> {
      ++state->calls;
      state->may_end.wait();
      return Addresses(1);
    };
  }
  int calls() const { return state_->calls; }
  void End() { state_->end.set_value(); }

 private:
  struct State {
    std::atomic<int> calls{0};
    std::promise<void> end;
    std::shared_future<void> may_end{end.get_future()};
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST(EndpointTest, TextIsInTheUsualForm) {
  EXPECT_EQ(Host("cache.example").ToString(), "cache.example:6379");
  EXPECT_EQ(Host("::1").ToString(), "[::1]:6379");
  const Endpoint path{"Redis", "ignored", 1, "/run/redis"};
  EXPECT_EQ(path.ToString(), "/run/redis");
  EXPECT_EQ(path.ServerName(), "the Redis server /run/redis");
}

TEST(ResolverTest, NumericAddressNeedsNoLookUp) {
  Resolver ip4(Host("127.0.0.1"), nullptr);
  EXPECT_EQ((*ip4.Resolve(Deadline(kLong)))[0].family(), AF_INET);
  Resolver ip6(Host("::1"), nullptr);
  EXPECT_EQ((*ip6.Resolve(Deadline(kLong)))[0].family(), AF_INET6);
  Resolver path(Endpoint{"Redis", "", 0, "/run/redis"}, nullptr);
  EXPECT_EQ((*path.Resolve(Deadline(kLong)))[0].family(), AF_UNIX);
}

TEST(ResolverTest, NameIsLookedUp) {
  Resolver resolver(Host("localhost"));
  const Result<Addresses> addresses = resolver.Resolve(Deadline(kLong));
  ASSERT_TRUE(addresses.ok()) << addresses.status().ToString();
  EXPECT_FALSE(addresses->empty());
}

TEST(ResolverTest, SlowLookUpIsATimeoutAndRunsOnce) {
  SlowLookUp slow;
  Resolver resolver(Host("slow.example"), slow.AsFunction());
  for (int i = 0; i < 3; ++i) {
    const Result<Addresses> addresses =
        resolver.Resolve(Deadline(milliseconds(5)));
    EXPECT_TRUE(addresses.status().Is(ErrorCode::kTimeout));
    EXPECT_EQ(addresses.error().message,
              "looking up the name of the Redis server slow.example:6379 timed "
              "out; check the DNS servers, or raise the timeout");
  }
  slow.End();
  EXPECT_TRUE(resolver.Resolve(Deadline(kLong)).ok());
  // The last call joined the first lookup or, if that was complete, started its
  // own.
  EXPECT_LE(slow.calls(), 2);
}

TEST(ResolverTest, ConcurrentCallsShareOneLookUp) {
  SlowLookUp slow;
  Resolver resolver(Host("slow.example"), slow.AsFunction());
  EXPECT_TRUE(resolver.Resolve(Deadline(milliseconds(0)))
                  .status()
                  .Is(ErrorCode::kTimeout));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(resolver.Resolve(Deadline(milliseconds(20)))
                      .status()
                      .Is(ErrorCode::kTimeout));
    });
  }
  threads.clear();
  EXPECT_EQ(slow.calls(), 1);
  slow.End();
}

TEST(ResolverTest, MayBeDestroyedBeforeItsLookUpEnds) {
  SlowLookUp slow;
  {
    Resolver resolver(Host("slow.example"), slow.AsFunction());
    EXPECT_FALSE(resolver.Resolve(Deadline(milliseconds(1))).ok());
  }
  slow.End();
}

TEST(ResolverTest, FailureIsReturnedAndNotCached) {
  int calls = 0;
  Resolver resolver(Host("gone.example"),
                    [&](const Endpoint&) -> Result<Addresses> {
                      if (++calls == 1) {
                        return Status(ErrorCode::kUnavailable, "no such name");
                      }
                      if (calls == 2) throw std::bad_alloc();
                      return Addresses(1);
                    });
  EXPECT_TRUE(
      resolver.Resolve(Deadline(kLong)).status().Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(resolver.Resolve(Deadline(kLong)).status().Is(ErrorCode::kFull));
  EXPECT_TRUE(resolver.Resolve(Deadline(kLong)).ok());
}

}  // namespace
}  // namespace appcache::net::address_test
