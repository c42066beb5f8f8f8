// Epochs with readers and a writer that race: no reader ever sees an object
// that was freed.

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/residency/epochs.h"
#include "tests/support/test_scale.h"

namespace appcache::residency::epochs_threads_test {
namespace {

using Section = Epochs::Section;

// How often the tests that look for races try.
int Rounds() { return 5'000 * TestScale(); }

class EpochsThreadsTest : public testing::TestWithParam<Epochs::Barrier> {
 protected:
  void SetUp() override {
    if (epochs_.barrier() != GetParam()) GTEST_SKIP() << "no membarrier here";
  }

  Epochs epochs_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(
    Barriers, EpochsThreadsTest,
    testing::Values(Epochs::Barrier::kAsymmetric, Epochs::Barrier::kFenced),
    [](const testing::TestParamInfo<Epochs::Barrier>& info) {
      return info.param == Epochs::Barrier::kAsymmetric ? "Asymmetric"
                                                        : "Fenced";
    });

// Keeps the calling thread on one of the processors that it may use: two
// threads on one processor do not race.
class OnProcessor {
 public:
  explicit OnProcessor(int number) {
    sched_getaffinity(0, sizeof(before_), &before_);
    int left = number % CPU_COUNT(&before_);
    int processor = 0;
    while (!CPU_ISSET(processor, &before_) || left-- > 0) ++processor;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(processor, &only);
    sched_setaffinity(0, sizeof(only), &only);
  }
  ~OnProcessor() { sched_setaffinity(0, sizeof(before_), &before_); }
  OnProcessor(const OnProcessor&) = delete;
  OnProcessor& operator=(const OnProcessor&) = delete;

 private:
  cpu_set_t before_;
};

// Two threads that meet, again and again, as simultaneously as possible.
class Meeting {
 public:
  void Wait() {
    const uint64_t arrived = arrived_.fetch_add(1) + 1;
    const uint64_t all = arrived + arrived % 2;
    for (int i = 0; arrived_.load() < all; ++i) {
      if (i > 2000) std::this_thread::yield();
    }
  }

 private:
  std::atomic<uint64_t> arrived_{0};
};

void Spin(int turns) {
  for (; turns > 0; --turns) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

// Cache lines that two threads write in turn, so that each finds them in the
// other's cache. A store of the reader's epoch waits in the processor behind
// stores to them, while later loads do not.
class ContendedLines {
 public:
  void Write(int value) {
    for (Line& line : lines_)
      line.value.store(value, std::memory_order_relaxed);
  }

 private:
  struct alignas(128) Line {
    std::atomic<int> value{0};
  };

  std::array<Line, 24> lines_;
};

// The pattern that the barriers are for: each of two threads stores, then loads
// what the other one stores.
TEST_P(EpochsThreadsTest, AReaderThatIsNotSeenSeesTheUnlinking) {
  std::atomic<bool> is_linked{true};
  const auto owned_lines = std::make_unique<ContendedLines>();
  ContendedLines& lines = *owned_lines;
  Meeting meeting;
  const int rounds = 2 * Rounds();
  bool found = false;  // the object, in this round
  std::thread thread([&] {
    const OnProcessor first(0);
    Epochs::Reader& reader = epochs_.ForThisThread();
    for (int i = 0; i < rounds; ++i) {
      meeting.Wait();
      is_linked.load(std::memory_order_relaxed);  // now in this cache, too
      Spin(i % 31);
      lines.Write(i);
      const Section section(epochs_, reader);
      found = is_linked.load(std::memory_order_acquire);
      meeting.Wait();  // still inside
    }
    meeting.Wait();
  });
  int wrong = 0;
  const OnProcessor second(1);
  for (int i = 0; i < rounds; ++i) {
    is_linked.store(true);
    lines.Write(-i);
    meeting.Wait();
    Spin(i % 257);
    is_linked.store(false, std::memory_order_release);
    const uint64_t stamp = epochs_.Stamp();
    const bool can_free = stamp < epochs_.OldestReader();
    meeting.Wait();
    if (can_free && found) ++wrong;
  }
  meeting.Wait();
  thread.join();
  EXPECT_EQ(wrong, 0) << "of " << rounds;
}

// The same pattern with WaitForReaders.
TEST_P(EpochsThreadsTest, WaitForReadersReturnsAfterAReaderThatHasTheObject) {
  std::atomic<bool> is_linked{true};
  std::atomic<bool> returned{false};
  const auto owned_lines = std::make_unique<ContendedLines>();
  ContendedLines& lines = *owned_lines;
  Meeting meeting;
  const int rounds = Rounds();
  int wrong = 0;
  std::thread thread([&] {
    const OnProcessor first(0);
    Epochs::Reader& reader = epochs_.ForThisThread();
    for (int i = 0; i < rounds; ++i) {
      meeting.Wait();
      is_linked.load(std::memory_order_relaxed);  // now in this cache, too
      Spin(i % 31);
      lines.Write(i);
      {
        const Section section(epochs_, reader);
        const bool found = is_linked.load(std::memory_order_acquire);
        Spin(2000);
        if (found && returned.load(std::memory_order_relaxed)) ++wrong;
      }
      meeting.Wait();
    }
  });
  const OnProcessor second(1);
  for (int i = 0; i < rounds; ++i) {
    is_linked.store(true);
    returned.store(false);
    lines.Write(-i);
    meeting.Wait();
    Spin(i % 257);
    is_linked.store(false, std::memory_order_release);
    epochs_.WaitForReaders();
    returned.store(true, std::memory_order_relaxed);
    meeting.Wait();
  }
  thread.join();
  EXPECT_EQ(wrong, 0) << "of " << rounds;
}

// An object that readers share. Its fields are equal until it is freed.
class Object {
 public:
  explicit Object(uint64_t value) { Fill(value); }
  void Poison() { Fill(kPoison); }

  bool IsGood() const {
    const uint64_t first = fields_[0];
    if (first == kPoison) return false;
    for (const volatile uint64_t& field : fields_) {
      if (field != first) return false;
    }
    return true;
  }

 private:
  static constexpr uint64_t kPoison = 0xdeaddeaddeaddead;

  void Fill(uint64_t value) {
    for (volatile uint64_t& field : fields_) field = value;
  }

  volatile uint64_t fields_[4];
};

class Stress {
 public:
  explicit Stress(Epochs& epochs) : epochs_(epochs) {}
  ~Stress() { delete shared_.load(); }

  // Reads `times` times. Returns how often an object was not good.
  uint64_t Read(int times) {
    uint64_t bad = 0;
    for (int i = 0; i < times; ++i) {
      lines_.Write(i);
      const Section section(epochs_, epochs_.ForThisThread());
      const Object& object = *shared_.load(std::memory_order_acquire);
      for (int look = 0; look < 50; ++look) bad += object.IsGood() ? 0 : 1;
      if (i % 64 == 0) {
        std::this_thread::yield();
        bad += object.IsGood() ? 0 : 1;
      }
    }
    return bad;
  }

  // Replaces the object, and poisons what can be freed. It is deleted later,
  // so that a reader that is wrong sees the poison.
  void Replace(uint64_t value) {
    Object* const old = shared_.exchange(new Object(value));
    retired_.push_back({epochs_.Stamp(), std::unique_ptr<Object>(old)});
    const uint64_t oldest = epochs_.OldestReader();
    while (!retired_.empty() && retired_.front().stamp < oldest) {
      retired_.front().object->Poison();
      poisoned_.push_back(std::move(retired_.front().object));
      retired_.pop_front();
    }
    while (poisoned_.size() > 1000) poisoned_.pop_front();
  }

  size_t retired() const { return retired_.size(); }

 private:
  struct Retired {
    uint64_t stamp;
    std::unique_ptr<Object> object;
  };

  Epochs& epochs_;
  std::atomic<Object*> shared_{new Object(0)};
  ContendedLines lines_;
  std::deque<Retired> retired_;                   // in order of their stamps
  std::deque<std::unique_ptr<Object>> poisoned_;  // no reader may see these
};

// Replaces objects until every reader has read `reads` times.
void RunStress(Epochs& epochs, int readers, int reads) {
  const auto owned = std::make_unique<Stress>(epochs);
  Stress& stress = *owned;
  std::atomic<uint64_t> bad{0};
  std::atomic<int> reading{readers};
  std::vector<std::thread> threads;
  for (int i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      bad += stress.Read(reads);
      --reading;
    });
  }
  for (uint64_t i = 1; reading > 0; ++i) stress.Replace(i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 0u);
  stress.Replace(0);
  EXPECT_EQ(stress.retired(), 0u);
}

TEST_P(EpochsThreadsTest, TwoReadersNeverSeeAFreedObject) {
  RunStress(epochs_, 2, Rounds());
}

TEST_P(EpochsThreadsTest, EightReadersNeverSeeAFreedObject) {
  RunStress(epochs_, 8, Rounds() / 4);
}

TEST_P(EpochsThreadsTest, AThreadThatJustBeganNeverSeesAFreedObject) {
  std::atomic<Object*> shared{new Object(0)};
  std::atomic<uint64_t> bad{0};
  std::atomic<bool> reads{true};
  std::thread starter([&] {
    for (int i = 0; i < Rounds() / 20; ++i) {
      std::thread([&] {
        const Section section(epochs_, epochs_.ForThisThread());
        if (!shared.load(std::memory_order_acquire)->IsGood()) ++bad;
      }).join();
    }
    reads = false;
  });
  for (uint64_t i = 1; reads; ++i) {
    Object* const old = shared.exchange(new Object(i));
    epochs_.WaitForReaders();
    old->Poison();
    delete old;
  }
  starter.join();
  delete shared.load();
  EXPECT_EQ(bad, 0u);
  EXPECT_EQ(epochs_.slots(), 1u);
}

}  // namespace
}  // namespace appcache::residency::epochs_threads_test
