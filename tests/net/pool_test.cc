// The pool, over connections that are none.

#include "adapters/net/pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "adapters/net/deadline.h"
#include "tests/support/in_child.h"

namespace appcache::net {
namespace {

using std::chrono::milliseconds;

struct FakeConnection {
  explicit FakeConnection(std::function<void()> on_close)
      : on_close(std::move(on_close)) {}
  ~FakeConnection() {
    if (on_close) on_close();
  }
  bool is_reusable() const { return true; }

  std::function<void()> on_close;
};

class PoolTest : public testing::Test {
 protected:
  using FakePool = Pool<FakeConnection>;

  Result<FakePool::Lease> Take() { return pool_.Take(Deadline(kPatience)); }

  static constexpr milliseconds kPatience{60'000};

  int made_ = 0;
  std::function<void()> on_close_;
  FakePool pool_{"the fake server",
                 [this](const Deadline&) {
                   ++made_;
                   return Result<std::unique_ptr<FakeConnection>>(
                       std::make_unique<FakeConnection>(on_close_));
                 },
                 /*max_connections=*/2, /*connect_timeout=*/kPatience};
};

TEST_F(PoolTest, AConnectionThatCameBackServesAgain) {
  ASSERT_TRUE(Take().ok());
  const auto lease = Take();
  ASSERT_TRUE(lease.ok());
  EXPECT_TRUE(lease->was_idle());
  EXPECT_EQ(made_, 1);
}

TEST_F(PoolTest, MoreThanMaxConnectionsAreBusy) {
  const auto one = Take();
  const auto two = Take();
  const auto three = pool_.Take(Deadline(milliseconds(1)));
  EXPECT_TRUE(three.status().Is(ErrorCode::kBusy));
  EXPECT_EQ(made_, 2);
}

TEST_F(PoolTest, AfterItWasRenewedNoEarlierConnectionServes) {
  {
    const auto in_use = Take();
    ASSERT_TRUE(Take().ok());  // idle
    pool_.Renew();
    EXPECT_FALSE(Take()->was_idle());
    EXPECT_EQ(made_, 3);
  }
  const auto one = Take();
  const auto two = Take();
  EXPECT_TRUE(one->was_idle());  // the one made since
  EXPECT_FALSE(two->was_idle());
  EXPECT_EQ(made_, 4);
}

TEST_F(PoolTest, AChildHasConnectionsOfItsOwn) {
  const auto of_parent = Take();
  ASSERT_TRUE(Take().ok());  // idle at the fork
  EXPECT_EQ(InChild([&] {
              const auto one = Take();
              const auto two = Take();
              return one.ok() && two.ok() && !one->was_idle() && made_ == 4
                         ? ""
                         : "not its own";
            }),
            "");
}

// What a child returns that was leased before the fork is not its own.
TEST_F(PoolTest, ALeaseOfTheParentsDoesNotCountInTheChild) {
  auto of_parent = std::make_unique<Result<FakePool::Lease>>(Take());
  EXPECT_EQ(InChild([&] {
              of_parent.reset();
              const auto one = Take();
              const auto two = Take();
              return one.ok() && !one->was_idle() &&
                             pool_.Take(Deadline(milliseconds(1)))
                                 .status()
                                 .Is(ErrorCode::kBusy)
                         ? ""
                         : "counted";
            }),
            "");
}

// As when another thread is about its connections at the fork: the mutex is
// locked in the child, and nobody unlocks it.
TEST_F(PoolTest, AForkWhileThePoolIsLockedLeavesTheChildAPool) {
  std::string complaint = "did not fork";
  on_close_ = [&] {
    on_close_ = nullptr;
    complaint = InChild([&] { return Take().ok() ? "" : "no connection"; });
  };
  ASSERT_TRUE(Take().ok());
  pool_.DropIdle();  // closes under its mutex
  EXPECT_EQ(complaint, "");
}

}  // namespace
}  // namespace appcache::net
