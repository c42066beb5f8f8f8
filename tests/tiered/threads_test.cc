// Many threads that miss the same key.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache {
namespace {

constexpr int kThreads = 64;

class ThreadsTest : public TierFixture {
 protected:
  // `act` in many threads that begin at once.
  template <class Act>
  void Together(const Act& act) {
    std::latch begin(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        act();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(ThreadsTest, OneOfManyWhoMissAKeyAsksTheRemote) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(
      RemoteCalls([&] { Together([&] { EXPECT_EQ(Get(kPath), "hit:v"); }); }),
      1);
  const TierReport report = tier_->Report();
  EXPECT_EQ(report.copies_kept, 1U);
  EXPECT_EQ(report.local_hits + report.remote_hits, uint64_t{kThreads});
}

TEST_F(ThreadsTest, OneOfManyWhoMissAKeyLoadsIt) {
  Open();
  std::atomic<int> loads{0};
  Together([&] {
    EXPECT_EQ(tier_->GetVia(Key<std::string>("k"),
                            [&] {
                              ++loads;
                              return std::string("loaded");
                            }),
              "loaded");
  });
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(remote_->StoredAt(kPath), "loaded");
}

TEST_F(ThreadsTest, AFetchThatHangsIsNotJoinedByThoseWhoCameAfterAChange) {
  Open();
  OthersSet(kPath, "old");
  std::latch asked(1);
  std::latch changed(1);
  std::atomic<bool> hangs{true};
  remote_->set_hook([&](Operation operation, std::string_view) {
    if (operation == Operation::kGet && hangs.exchange(false)) {
      asked.count_down();
      changed.wait();
    }
    return Status();
  });
  std::thread reader([&] { EXPECT_EQ(Get(kPath), "hit:new"); });
  asked.wait();
  OthersSet(kPath, "new");
  // It would wait for ever, if it joined.
  EXPECT_EQ(Get(kPath), "hit:new");
  changed.count_down();
  reader.join();
  EXPECT_EQ(tier_->Report().copies_overtaken, 1U);
}

}  // namespace
}  // namespace appcache
