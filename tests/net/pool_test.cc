// Pool, with fake connections.

#include "adapters/net/pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "adapters/net/deadline.h"
#include "engine/support/test_point.h"
#include "tests/support/in_child.h"

namespace appcache::net::pool_test {
namespace {

using std::chrono::milliseconds;

struct FakeConnection {
  explicit FakeConnection(std::function<void()> on_close)
      : on_close(std::move(on_close)) {}
  ~FakeConnection() {
    if (on_close) on_close();
  }
  bool is_reusable() const { return true; }
  bool IsQuiet() const { return is_quiet; }

  std::function<void()> on_close;
  bool is_quiet = true;
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

TEST_F(PoolTest, ReturnedConnectionIsReused) {
  ASSERT_TRUE(Take().ok());
  const auto lease = Take();
  ASSERT_TRUE(lease.ok());
  EXPECT_TRUE(lease->was_idle());
  EXPECT_EQ(made_, 1);
}

TEST_F(PoolTest, IdleConnectionOnWhichSomethingArrivedIsClosed) {
  {
    const auto one = Take();
    const auto two = Take();
    (*one)->is_quiet = false;  // the last returned, so the next taken
  }
  const auto one = Take();
  EXPECT_TRUE(one->was_idle());
  EXPECT_TRUE((*one)->is_quiet);
  // The closed one no longer counts.
  const auto other = Take();
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(other->was_idle());
  EXPECT_EQ(made_, 3);
}

TEST_F(PoolTest, MoreThanMaxConnectionsAreBusy) {
  const auto one = Take();
  const auto two = Take();
  const auto three = pool_.Take(Deadline(milliseconds(1)));
  EXPECT_TRUE(three.status().Is(ErrorCode::kBusy));
  EXPECT_EQ(made_, 2);
}

TEST_F(PoolTest, RenewReplacesEveryEarlierConnection) {
  {
    const auto in_use = Take();
    ASSERT_TRUE(Take().ok());  // idle
    pool_.Renew();
    EXPECT_FALSE(Take()->was_idle());
    EXPECT_EQ(made_, 3);
  }
  const auto one = Take();
  const auto two = Take();
  EXPECT_TRUE(one->was_idle());  // the one made after Renew
  EXPECT_FALSE(two->was_idle());
  EXPECT_EQ(made_, 4);
}

// Optimised builds have no points.
#ifndef NDEBUG

// Another thread that took the idle connection in the middle of Renew would
// return it as one that was made afterwards.
TEST_F(PoolTest, RenewIsOneStepForOtherThreads) {
  static FakePool* pool = nullptr;
  static int closed_so_far = 0;
  static int closed_in_the_middle = -1;
  pool = &pool_;
  closed_so_far = 0;
  closed_in_the_middle = -1;
  on_close_ = [] { ++closed_so_far; };
  ASSERT_TRUE(Take().ok());  // idle
  internal::test_point_handler = [](const char* reached) noexcept {
    if (std::string_view(reached) != "pool.renewing") return;
    // Closes the idle connection unless the pool is locked.
    std::thread([] { pool->AbandonInChild(); }).join();
    closed_in_the_middle = closed_so_far;
  };
  pool_.Renew();
  internal::test_point_handler = nullptr;
  EXPECT_EQ(closed_in_the_middle, 0);
  EXPECT_EQ(closed_so_far, 1);
}

#endif  // NDEBUG

TEST_F(PoolTest, ChildHasConnectionsOfItsOwn) {
  const auto of_parent = Take();
  ASSERT_TRUE(Take().ok());  // idle at the fork
  EXPECT_EQ(InChild([&] {
              const auto one = Take();
              const auto two = Take();
              return one.ok() && two.ok() && !one->was_idle() && made_ == 4
                         ? ""
                         : "a connection of the parent";
            }),
            "");
}

// A lease that was taken before the fork and is returned in the child.
TEST_F(PoolTest, LeaseOfTheParentDoesNotCountInTheChild) {
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

int closed = 0;

TEST_F(PoolTest, AbandonInChildClosesInheritedAndOwnIdleConnections) {
  on_close_ = [] { ++closed; };
  const auto in_use = Take();
  ASSERT_TRUE(Take().ok());  // idle
  EXPECT_EQ(InChild([&]() -> std::string {
              pool_.AbandonInChild();
              pool_.AbandonInChild();
              if (closed != 1) return "closed " + std::to_string(closed);
              const auto own_in_use = Take();
              if (!Take().ok()) return "no connection";  // idle
              pool_.AbandonInChild();
              if (closed != 2) return "closed " + std::to_string(closed);
              // The closed connection no longer counts.
              const auto other = Take();
              return other.ok() && !other->was_idle() ? "" : "not usable";
            }),
            "");
  EXPECT_EQ(closed, 0);
  EXPECT_TRUE(Take()->was_idle());
}

// As when another thread is using the pool at the fork: the mutex stays locked
// in the child.
TEST_F(PoolTest, ForkWhileThePoolIsLockedLeavesTheChildAPool) {
  std::string complaint = "did not fork";
  on_close_ = [&] {
    on_close_ = nullptr;
    complaint = InChild([&] {
      pool_.AbandonInChild();
      return Take().ok() ? "" : "no connection";
    });
  };
  ASSERT_TRUE(Take().ok());
  pool_.DropIdle();  // closes with the mutex held
  EXPECT_EQ(complaint, "");
}

}  // namespace
}  // namespace appcache::net::pool_test
