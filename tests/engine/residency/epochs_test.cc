// Epochs: an object is freed when no reader can hold it any more, and never
// before.

#include "engine/residency/epochs.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>

#include "tests/support/allocations.h"
#include "tests/support/in_child.h"

namespace appcache::residency::epochs_test {
namespace {

using Section = Epochs::Section;

// A thread that is inside a section until Leave or its destruction.
class InsideThread {
 public:
  explicit InsideThread(Epochs& epochs)
      : thread_([this, &epochs] {
          const Section section(epochs, epochs.ForThisThread());
          entered_.release();
          leave_.acquire();
          has_left_ = true;
        }) {
    entered_.acquire();
  }
  ~InsideThread() { Leave(); }

  void Leave() {
    if (!thread_.joinable()) return;
    leave_.release();
    thread_.join();
  }

  // Becomes true right before the section ends.
  bool has_left() const { return has_left_; }

 private:
  std::atomic<bool> has_left_{false};
  std::binary_semaphore entered_{0};
  std::binary_semaphore leave_{0};
  std::thread thread_;
};

// Runs `action` when the thread ends: after Epochs has released what it keeps
// for this thread, if the thread calls this before it uses an Epochs.
void AtThreadExit(std::function<void()> action) {
  struct Runner {
    ~Runner() { action(); }
    std::function<void()> action;
  };
  thread_local Runner runner;
  runner.action = std::move(action);
}

void RunInThread(const std::function<void()>& action) {
  std::thread(action).join();
}

class EpochsTest : public testing::TestWithParam<Epochs::Barrier> {
 protected:
  void SetUp() override {
    if (epochs_.barrier() != GetParam()) GTEST_SKIP() << "no membarrier here";
  }

  // On the heap: GCC 12 with -fsanitize=address does not align an object on the
  // stack to 128 bytes.
  static std::unique_ptr<Epochs> MakeEpochs() {
    return std::make_unique<Epochs>(GetParam());
  }

  bool CanFree(uint64_t stamp) { return stamp < epochs_.OldestReader(); }

  Epochs epochs_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(
    Barriers, EpochsTest,
    testing::Values(Epochs::Barrier::kAsymmetric, Epochs::Barrier::kFenced),
    [](const testing::TestParamInfo<Epochs::Barrier>& info) {
      return info.param == Epochs::Barrier::kAsymmetric ? "Asymmetric"
                                                        : "Fenced";
    });

TEST_P(EpochsTest, AnObjectCanBeFreedAtOnceIfNoReaderIsInside) {
  epochs_.ForThisThread();
  EXPECT_TRUE(CanFree(epochs_.Stamp()));
}

TEST_P(EpochsTest, AReaderThatIsInsideHoldsAnObjectBack) {
  InsideThread reader(epochs_);
  const uint64_t stamp = epochs_.Stamp();
  EXPECT_FALSE(CanFree(stamp));
  EXPECT_FALSE(CanFree(stamp));
  reader.Leave();
  EXPECT_TRUE(CanFree(stamp));
}

TEST_P(EpochsTest, AReaderThatEnteredAfterTheStampDoesNotHoldAnObjectBack) {
  const uint64_t before = epochs_.Stamp();
  const InsideThread reader(epochs_);
  EXPECT_TRUE(CanFree(before));
  EXPECT_FALSE(CanFree(epochs_.Stamp()));
}

TEST_P(EpochsTest, TheOldestOfSeveralReadersCounts) {
  InsideThread oldest(epochs_);
  const uint64_t first = epochs_.Stamp();
  InsideThread middle(epochs_);
  const uint64_t second = epochs_.Stamp();
  const InsideThread youngest(epochs_);
  EXPECT_FALSE(CanFree(first));
  oldest.Leave();
  EXPECT_TRUE(CanFree(first));
  EXPECT_FALSE(CanFree(second));
  middle.Leave();
  EXPECT_TRUE(CanFree(second));
}

TEST_P(EpochsTest, AReaderThatEntersAgainDoesNotHoldBackWhatItHeldBefore) {
  Epochs::Reader& reader = epochs_.ForThisThread();
  std::optional<Section> section;
  section.emplace(epochs_, reader);
  const uint64_t stamp = epochs_.Stamp();
  EXPECT_FALSE(CanFree(stamp));
  section.reset();
  section.emplace(epochs_, reader);
  EXPECT_TRUE(CanFree(stamp));
}

TEST_P(EpochsTest, TheResultIsAtMostTheEpochAtTheCall) {
  const uint64_t oldest = epochs_.OldestReader();
  EXPECT_GE(epochs_.Stamp(), oldest);
}

TEST_P(EpochsTest, OnlyTheEndOfTheOutermostSectionLeaves) {
  Epochs::Reader& reader = epochs_.ForThisThread();
  EXPECT_FALSE(epochs_.IsInside());
  std::optional<Section> outer;
  outer.emplace(epochs_, reader);
  const uint64_t before_inner = epochs_.Stamp();
  {
    const Section inner(epochs_, reader);
    EXPECT_FALSE(CanFree(before_inner));
  }
  EXPECT_TRUE(epochs_.IsInside());
  EXPECT_TRUE(reader.is_inside());
  EXPECT_FALSE(CanFree(before_inner));
  outer.reset();
  EXPECT_FALSE(epochs_.IsInside());
  EXPECT_FALSE(reader.is_inside());
  EXPECT_TRUE(CanFree(before_inner));
}

TEST_P(EpochsTest, OnlyTheThreadOfASectionIsInside) {
  const InsideThread reader(epochs_);
  EXPECT_FALSE(epochs_.IsInside());
  EXPECT_EQ(epochs_.slots(), 1u);
}

TEST_P(EpochsTest, WaitForReadersReturnsAtOnceIfNoneIsInside) {
  epochs_.WaitForReaders();
  epochs_.ForThisThread();
  epochs_.WaitForReaders();
}

TEST_P(EpochsTest, WaitForReadersWaitsForAReaderThatIsInside) {
  InsideThread reader(epochs_);
  std::atomic<bool> returned{false};
  bool had_left = false;
  const uint64_t before = epochs_.Stamp();
  std::thread waiter([&] {
    epochs_.WaitForReaders();
    had_left = reader.has_left();
    returned = true;
  });
  // It has begun when it has taken a stamp of its own.
  uint64_t own_stamps = 1;
  while (epochs_.Stamp() == before + own_stamps) ++own_stamps;
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(returned);
  reader.Leave();
  waiter.join();
  EXPECT_TRUE(had_left);
}

TEST_P(EpochsTest, WaitForReadersDoesNotWaitForLaterReaders) {
  InsideThread earlier(epochs_);
  const uint64_t before = epochs_.Stamp();
  std::thread waiter([&] { epochs_.WaitForReaders(); });
  uint64_t own_stamps = 1;
  while (epochs_.Stamp() == before + own_stamps) ++own_stamps;
  const InsideThread later(epochs_);
  earlier.Leave();
  waiter.join();
  EXPECT_FALSE(later.has_left());
}

TEST_P(EpochsTest, EveryThreadHasASlot) {
  Epochs::Reader* const mine = &epochs_.ForThisThread();
  EXPECT_EQ(&epochs_.ForThisThread(), mine);
  RunInThread([&] {
    Epochs::Reader* const other = &epochs_.ForThisThread();
    EXPECT_NE(other, mine);
    EXPECT_EQ(&epochs_.ForThisThread(), other);
  });
  EXPECT_EQ(&epochs_.ForThisThread(), mine);
  EXPECT_EQ(epochs_.slots(), 2u);
}

TEST_P(EpochsTest, ASlotIsReusedWhenItsThreadHasEnded) {
  for (int i = 0; i < 10; ++i) {
    RunInThread(
        [&] { const Section section(epochs_, epochs_.ForThisThread()); });
  }
  EXPECT_EQ(epochs_.slots(), 1u);
}

TEST_P(EpochsTest, CountersSurviveTheirThread) {
  for (int i = 0; i < 3; ++i) {
    RunInThread([&] {
      Epochs::Reader& reader = epochs_.ForThisThread();
      ++reader.hits;
      ++reader.misses;
      ++reader.misses;
    });
  }
  ++epochs_.ForThisThread().errors;
  const Epochs::Counts sum = epochs_.Sum();
  EXPECT_EQ(sum.hits, 3u);
  EXPECT_EQ(sum.misses, 6u);
  EXPECT_EQ(sum.errors, 1u);
}

TEST_P(EpochsTest, AThreadCanUseSeveralAtATime) {
  const auto owned = MakeEpochs();
  Epochs& other = *owned;
  Epochs::Reader& in_this = epochs_.ForThisThread();
  Epochs::Reader& in_other = other.ForThisThread();
  EXPECT_NE(&in_this, &in_other);
  {
    const Section section(epochs_, in_this);
    EXPECT_TRUE(epochs_.IsInside());
    EXPECT_FALSE(other.IsInside());
    EXPECT_FALSE(CanFree(epochs_.Stamp()));
    const uint64_t stamp = other.Stamp();
    EXPECT_LT(stamp, other.OldestReader());
    EXPECT_EQ(&epochs_.ForThisThread(), &in_this);
    EXPECT_EQ(&other.ForThisThread(), &in_other);
  }
  EXPECT_EQ(epochs_.slots(), 1u);
  EXPECT_EQ(other.slots(), 1u);
}

TEST_P(EpochsTest, ANewOneAtTheSameAddressHasNewSlots) {
  const auto owned = std::make_unique<std::optional<Epochs>>(GetParam());
  std::optional<Epochs>& epochs = *owned;
  const Epochs* const address = &*epochs;
  ++epochs->ForThisThread().hits;
  epochs.emplace(GetParam());
  ASSERT_EQ(&*epochs, address);
  EXPECT_EQ(epochs->slots(), 0u);
  EXPECT_FALSE(epochs->IsInside());
  EXPECT_EQ(epochs->ForThisThread().hits.value(), 0u);
  EXPECT_EQ(epochs->slots(), 1u);
}

TEST_P(EpochsTest, AThreadMayOutliveIt) {
  auto epochs = MakeEpochs();
  std::binary_semaphore used{0};
  std::binary_semaphore end{0};
  std::thread thread([&] {
    { const Section section(*epochs, epochs->ForThisThread()); }
    used.release();
    end.acquire();
  });
  used.acquire();
  epochs.reset();
  end.release();
  thread.join();
}

TEST_P(EpochsTest, AThreadForgetsThoseThatAreDestroyed) {
  for (int i = 0; i < 200; ++i) MakeEpochs()->ForThisThread();
  const AllocationCounter allocations;
  epochs_.ForThisThread();
  EXPECT_LT(allocations.bytes(), 1000u);
}

TEST_P(EpochsTest, LookingForTheSlotAgainAllocatesNothing) {
  const auto owned = MakeEpochs();
  Epochs& other = *owned;
  epochs_.ForThisThread();
  other.ForThisThread();
  const AllocationCounter allocations;
  epochs_.ForThisThread();
  other.ForThisThread();
  EXPECT_FALSE(other.IsInside());
  EXPECT_EQ(allocations.count(), 0u);
}

TEST_P(EpochsTest, IsInsideAllocatesNothingAndTakesNoSlot) {
  RunInThread([&] {
    const AllocationCounter allocations;
    EXPECT_FALSE(epochs_.IsInside());
    EXPECT_EQ(allocations.count(), 0u);
  });
  EXPECT_EQ(epochs_.slots(), 0u);
}

TEST_P(EpochsTest, NoSlotIsLostWhenMemoryRunsOut) {
  RunInThread([&] {
    uint64_t failed = 0;
    for (bool fails = true; fails;) {
      const FailingAllocations allocations(failed + 1, 1);
      try {
        epochs_.ForThisThread();
      } catch (const std::bad_alloc&) {
        ++failed;
      }
      fails = allocations.any_failed();
    }
    EXPECT_GT(failed, 0u);
  });
  EXPECT_EQ(epochs_.slots(), 1u);
}

// A thread that is ending.

TEST_P(EpochsTest, AnEndingThreadIsLentASlot) {
  RunInThread([&] {
    AtThreadExit([&] {
      EXPECT_FALSE(epochs_.IsInside());
      Epochs::Reader& reader = epochs_.ForThisThread();
      const Section section(epochs_, reader);
      ++reader.hits;
      EXPECT_TRUE(epochs_.IsInside());
      EXPECT_FALSE(CanFree(epochs_.Stamp()));
      {
        Epochs::Reader& again = epochs_.ForThisThread();
        EXPECT_EQ(&again, &reader);
        const Section inner(epochs_, again);
      }
      EXPECT_TRUE(epochs_.IsInside());
    });
    epochs_.ForThisThread();
  });
  EXPECT_TRUE(CanFree(epochs_.Stamp()));
  EXPECT_EQ(epochs_.Sum().hits, 1u);
  epochs_.ForThisThread();
  EXPECT_EQ(epochs_.slots(), 1u) << "the slot was not returned";
}

TEST_P(EpochsTest, AnEndingThreadCanUseSeveralAtATime) {
  const auto owned = MakeEpochs();
  Epochs& other = *owned;
  RunInThread([&] {
    AtThreadExit([&] {
      const Section section(epochs_, epochs_.ForThisThread());
      EXPECT_FALSE(other.IsInside());
      {
        const Section in_other(other, other.ForThisThread());
        EXPECT_TRUE(other.IsInside());
      }
      EXPECT_FALSE(other.IsInside());
      EXPECT_TRUE(epochs_.IsInside());
    });
    other.ForThisThread();
  });
  EXPECT_EQ(epochs_.slots(), 1u);
  EXPECT_EQ(other.slots(), 1u);
}

TEST_P(EpochsTest, ThreadsThatAreEndingHaveSlotsOfTheirOwn) {
  struct Ending {
    Epochs::Reader* reader = nullptr;
    std::binary_semaphore inside{0};
    std::binary_semaphore leave{0};
  };
  const auto end_inside = [&](Ending& ending) {
    AtThreadExit([&] {
      Epochs::Reader& reader = epochs_.ForThisThread();
      const Section section(epochs_, reader);
      ending.reader = &reader;
      ending.inside.release();
      ending.leave.acquire();
    });
    epochs_.ForThisThread();
  };
  Ending first;
  Ending second;
  std::thread first_thread([&] { end_inside(first); });
  first.inside.acquire();
  const uint64_t stamp = epochs_.Stamp();
  std::thread second_thread([&] { end_inside(second); });
  second.inside.acquire();
  EXPECT_NE(first.reader, second.reader);
  second.leave.release();
  second_thread.join();
  EXPECT_FALSE(CanFree(stamp));
  first.leave.release();
  first_thread.join();
  EXPECT_TRUE(CanFree(stamp));
}

// As when exit() is called inside a section.
TEST_P(EpochsTest, AThreadMayBeginToEndInsideASection) {
  RunInThread([&] {
    const auto section = std::make_shared<std::optional<Section>>();
    const auto stamp = std::make_shared<uint64_t>(0);
    AtThreadExit([this, section, stamp] {
      EXPECT_TRUE(epochs_.IsInside());
      EXPECT_FALSE(CanFree(*stamp));
      section->reset();
      EXPECT_FALSE(epochs_.IsInside());
      EXPECT_TRUE(CanFree(*stamp));
    });
    section->emplace(epochs_, epochs_.ForThisThread());
    *stamp = epochs_.Stamp();
  });
  epochs_.ForThisThread();
  EXPECT_EQ(epochs_.slots(), 1u) << "the slot was not returned";
}

// A forked child.

TEST_P(EpochsTest, AChildHasItsOwn) {
  epochs_.ForThisThread();
  EXPECT_EQ(InChild([]() -> std::string {
              const auto owned = MakeEpochs();
              Epochs& own = *owned;
              if (own.barrier() != GetParam()) return "another barrier";
              if (own.slots() != 0) return "it has slots of the parent";
              std::optional<Section> section;
              section.emplace(own, own.ForThisThread());
              const uint64_t stamp = own.Stamp();
              if (stamp < own.OldestReader()) return "the reader is not seen";
              section.reset();
              if (stamp >= own.OldestReader()) return "the reader is seen";
              return "";
            }),
            "");
  EXPECT_TRUE(CanFree(epochs_.Stamp()));
}

TEST_P(EpochsTest, AChildMayLeaveASectionOfItsParentAndDestroyIt) {
  auto epochs = MakeEpochs();
  std::optional<Section> section;
  section.emplace(*epochs, epochs->ForThisThread());
  EXPECT_EQ(InChild([&]() -> std::string {
              section.reset();
              epochs.reset();
              return "";
            }),
            "");
  const uint64_t stamp = epochs->Stamp();
  EXPECT_GE(stamp, epochs->OldestReader()) << "the parent is still inside";
  section.reset();
}

// Whoever returned the slot in the child would wait for ever if another thread
// held the mutex of the slots at the fork. Here none does, so that the child
// can look.
TEST_P(EpochsTest, AThreadThatEndsInAChildDoesNotReturnItsSlot) {
  RunInThread([&] {
    AtThreadExit([] {});
    epochs_.ForThisThread();
    EXPECT_EQ(InChild([&]() -> std::string {
                AtThreadExit([&] {
                  epochs_.ForThisThread();
                  _exit(epochs_.slots() == 2 ? 0 : 3);
                });
                pthread_exit(nullptr);
              }),
              "");
  });
}

}  // namespace
}  // namespace appcache::residency::epochs_test
