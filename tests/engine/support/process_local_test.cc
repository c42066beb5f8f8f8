// ProcessLocal and PerProcess: each process has an object of its own.

#include "engine/support/process_local.h"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/support/per_process.h"
#include "tests/support/in_child.h"

namespace appcache::internal::process_local_test {
namespace {

struct Registry {
  std::mutex mutex;
  int value = 0;
};

constinit ProcessLocal<Registry> registry;

TEST(ProcessLocalTest, AProcessHasOneObject) {
  registry.Get().value = 1;
  EXPECT_EQ(&registry.Get(), &registry.Get());
  EXPECT_EQ(registry.Get().value, 1);
}

TEST(ProcessLocalTest, ConcurrentFirstCallsGetTheSameObject) {
  static constinit ProcessLocal<Registry> rounds[50];
  for (ProcessLocal<Registry>& local : rounds) {
    std::vector<Registry*> objects(4);
    std::vector<std::thread> threads;
    for (Registry*& object : objects) {
      threads.emplace_back([&] { object = &local.Get(); });
    }
    for (std::thread& thread : threads) thread.join();
    for (Registry* const object : objects) EXPECT_EQ(object, &local.Get());
  }
}

TEST(ProcessLocalTest, AChildHasAnObjectOfItsOwn) {
  registry.Get().value = 1;
  EXPECT_EQ(InChild([]() -> std::string {
              if (registry.Get().value != 0) return "it is the parent's";
              registry.Get().value = 2;
              return registry.Get().value == 2 ? "" : "it has changed";
            }),
            "");
  EXPECT_EQ(registry.Get().value, 1);
}

TEST(ProcessLocalTest, AGrandchildHasAnObjectOfItsOwn) {
  registry.Get().value = 1;
  EXPECT_EQ(InChild([] {
              registry.Get().value = 2;
              return InChild([]() -> std::string {
                return registry.Get().value == 0 ? "" : "it is an ancestor's";
              });
            }),
            "");
}

// A thread of the parent may hold the mutex at the fork.
TEST(ProcessLocalTest, AChildDoesNotWaitForAMutexOfTheParent) {
  std::lock_guard<std::mutex> guard(registry.Get().mutex);
  EXPECT_EQ(InChild([]() -> std::string {
              return registry.Get().mutex.try_lock() ? "" : "it is locked";
            }),
            "");
}

// Counts its destructions and how often it was abandoned.
struct Counted {
  static inline int destroyed = 0;
  static inline int abandoned = 0;

  ~Counted() { ++destroyed; }
  void AbandonInChild() noexcept { ++abandoned; }
};

class PerProcessTest : public testing::Test {
 protected:
  PerProcessTest() { Counted::destroyed = Counted::abandoned = 0; }
};

TEST_F(PerProcessTest, TheObjectIsDestroyedWithItsOwner) {
  auto owner = std::make_unique<PerProcess<Counted>>();
  Counted& object = owner->Get();
  EXPECT_EQ(&object, &owner->Get());
  EXPECT_FALSE(owner->IsParents(object));
  owner.reset();
  EXPECT_EQ(Counted::destroyed, 1);
  EXPECT_EQ(Counted::abandoned, 0);
}

TEST_F(PerProcessTest, AChildAbandonsTheObjectOfTheParentOnce) {
  auto owner = std::make_unique<PerProcess<Counted>>();
  Counted& parents = owner->Get();
  EXPECT_EQ(InChild([&]() -> std::string {
              if (!owner->IsParents(parents)) return "not the parent's";
              Counted& own = owner->Get();
              if (&own == &parents) return "it uses the parent's";
              if (owner->IsParents(own)) return "its own is the parent's";
              if (!owner->IsParents(parents)) return "not the parent's now";
              owner.reset();
              if (Counted::abandoned != 1) return "not abandoned once";
              return Counted::destroyed == 1 ? "" : "its own is not destroyed";
            }),
            "");
}

TEST_F(PerProcessTest, AChildThatUsesNothingDestroysNothing) {
  auto owner = std::make_unique<PerProcess<Counted>>();
  EXPECT_EQ(InChild([&]() -> std::string {
              owner.reset();
              if (Counted::abandoned != 1) return "not abandoned once";
              return Counted::destroyed == 0 ? "" : "it was destroyed";
            }),
            "");
}

}  // namespace
}  // namespace appcache::internal::process_local_test
