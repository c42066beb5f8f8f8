// SpareBlocks: sizes, what a thread keeps, passes on and frees.

#include "engine/residency/spare_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "engine/residency/entry.h"
#include "engine/support/sanitizers.h"
#include "tests/support/allocations.h"
#include "tests/support/in_child.h"
#include "tests/support/test_scale.h"

// Optimised builds have no points at which to hold a thread.
#ifndef NDEBUG
#include "tests/engine/held_call.h"
#endif

#if defined(APPCACHE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace appcache::residency::spare_blocks_test {
namespace {

constexpr size_t kChainBytes = size_t{16} << 10;

void* NewBlock(size_t size) {
  return ::operator new(SpareBlocks::BlockSize(size));
}

// In a thread of its own, which has no spare blocks at the start.
template <class Body>
void InThread(const Body& body) {
  std::thread(body).join();
}

void FreeNew(size_t count, size_t size) {
  for (size_t i = 0; i < count; ++i) SpareBlocks::Free(NewBlock(size), size);
}

// How many blocks there are for this thread. Deletes them.
size_t TakeAll(size_t size) {
  size_t count = 0;
  while (void* const block = SpareBlocks::TryTake(size)) {
    std::memset(block, 1, SpareBlocks::BlockSize(size));
    ::operator delete(block);
    ++count;
  }
  return count;
}

// Each test begins and ends with an empty pool.
class SpareBlocksTest : public testing::Test {
 protected:
  SpareBlocksTest() { SpareBlocks::FreePool(); }
  ~SpareBlocksTest() override { SpareBlocks::FreePool(); }
};

TEST_F(SpareBlocksTest, ABlockHasRoomAndWastesAtMostAnEighth) {
  size_t last = 0;
  for (size_t size = 1; size <= 5000; ++size) {
    const size_t block = SpareBlocks::BlockSize(size);
    ASSERT_GE(block, size);
    ASSERT_GE(block, last);
    ASSERT_EQ(SpareBlocks::BlockSize(block), block) << "of itself";
    if (size >= 64) {
      ASSERT_LE(block, size + (size + 8) / 8);
    }
    last = block;
  }
  EXPECT_EQ(SpareBlocks::BlockSize(4089), 4089u) << "is not kept";
}

TEST_F(SpareBlocksTest, AThreadTakesWhatItHasFreedOfTheSameSize) {
  InThread([] {
    EXPECT_EQ(SpareBlocks::TryTake(300), nullptr);
    void* const freed = NewBlock(300);
    SpareBlocks::Free(freed, 300);
    EXPECT_EQ(SpareBlocks::bytes(), SpareBlocks::BlockSize(300));
    EXPECT_EQ(SpareBlocks::TryTake(200), nullptr);
    EXPECT_EQ(SpareBlocks::TryTake(400), nullptr);
    void* const taken = SpareBlocks::TryTake(299);
    EXPECT_EQ(taken, freed);
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(SpareBlocks::TryTake(300), nullptr);
    std::memset(taken, 1, SpareBlocks::BlockSize(299));
    ::operator delete(taken);
  });
}

TEST_F(SpareBlocksTest, EachSizeHasAListOfItsOwn) {
  InThread([] {
    std::vector<size_t> sizes;
    for (size_t size = 1; size <= 4088; ++size) {
      if (SpareBlocks::BlockSize(size) == size) sizes.push_back(size);
    }
    std::vector<void*> blocks;
    for (const size_t size : sizes) {
      blocks.push_back(NewBlock(size));
      SpareBlocks::Free(blocks.back(), size);
    }
    for (size_t i = 0; i < sizes.size(); ++i) {
      ASSERT_EQ(SpareBlocks::TryTake(sizes[i]), blocks[i]) << sizes[i];
      ASSERT_EQ(SpareBlocks::TryTake(sizes[i]), nullptr) << sizes[i];
      ::operator delete(blocks[i]);
    }
  });
}

TEST_F(SpareBlocksTest, AThreadKeepsLessThanTwoChainsOfASize) {
  InThread([] {
    for (const size_t size : {40, 300, 4088}) {
      const size_t bytes = SpareBlocks::bytes();
      FreeNew(10 * SpareBlocks::ChainLength(size) - 1, size);
      EXPECT_EQ(SpareBlocks::bytes() - bytes,
                (2 * SpareBlocks::ChainLength(size) - 1) *
                    SpareBlocks::BlockSize(size));
    }
  });
}

TEST_F(SpareBlocksTest, AThreadKeepsAtMostItsLimit) {
  InThread([] {
    for (size_t size = 1; size <= 4088; ++size) {
      FreeNew(5, size);
      ASSERT_LE(SpareBlocks::bytes(), SpareBlocks::kMaxBytes);
    }
    EXPECT_GT(SpareBlocks::bytes(),
              SpareBlocks::kMaxBytes - 2 * kChainBytes - 4088);
  });
}

// Has the thread keep almost as much as it may, in blocks larger than 400.
void FillWithLargeBlocks() {
  const auto is_full = [] {
    return SpareBlocks::bytes() > SpareBlocks::kMaxBytes - kChainBytes;
  };
  for (size_t size = 4088; size > 400; --size) {
    if (SpareBlocks::BlockSize(size) != size) continue;
    if (!is_full()) FreeNew(SpareBlocks::ChainLength(size), size);
    if (!is_full()) FreeNew(SpareBlocks::ChainLength(size) - 1, size);
  }
  ASSERT_TRUE(is_full());
}

TEST_F(SpareBlocksTest, AThreadThatIsFullTakesNothingFromThePool) {
  InThread([] { FreeNew(2 * SpareBlocks::ChainLength(300), 300); });
  InThread([] {
    FillWithLargeBlocks();
    EXPECT_EQ(SpareBlocks::TryTake(300), nullptr);
    SpareBlocks::FreeAll();
    EXPECT_EQ(TakeAll(300), SpareBlocks::ChainLength(300));
  });
}

TEST_F(SpareBlocksTest, AThreadThatIsFullMovesOtherSizesToThePool) {
  InThread([] {
    FillWithLargeBlocks();
    EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
    const size_t count = SpareBlocks::ChainLength(300) - 1;
    FreeNew(count, 300);
    EXPECT_LE(SpareBlocks::bytes(), SpareBlocks::kMaxBytes);
    EXPECT_GT(SpareBlocks::pool_bytes(), 0u);
    SpareBlocks::FreePool();
    EXPECT_EQ(TakeAll(300), count);
    for (size_t size = 4088; size > 400; --size) TakeAll(size);
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
  });
}

TEST_F(SpareBlocksTest, AThreadTakesWhatOthersHaveMovedToThePool) {
  const size_t length = SpareBlocks::ChainLength(300);
  InThread([&] {
    FreeNew(3 * length, 300);
    EXPECT_EQ(SpareBlocks::pool_bytes(), 2 * kChainBytes);
    InThread([&] {
      EXPECT_EQ(TakeAll(200), 0u) << "of another size";
      EXPECT_EQ(TakeAll(300), 2 * length);
      EXPECT_EQ(SpareBlocks::bytes(), 0u);
    });
    EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
    EXPECT_EQ(TakeAll(300), length) << "its own";
  });
}

// A leak would fail the test under the address sanitizer.
TEST_F(SpareBlocksTest, AThreadFreesWhatItHasTakenFromThePoolWhenItEnds) {
  InThread([] { FreeNew(2 * SpareBlocks::ChainLength(300), 300); });
  EXPECT_GT(SpareBlocks::pool_bytes(), 0u);
  InThread([] {
    ::operator delete(SpareBlocks::TryTake(300));
    EXPECT_GT(SpareBlocks::bytes(), 0u);
  });
  EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
}

TEST_F(SpareBlocksTest, ThePoolHasAtMostItsLimit) {
  InThread([] { FreeNew(2 * SpareBlocks::kMaxPoolBytes / 300, 300); });
  EXPECT_EQ(SpareBlocks::pool_bytes(), SpareBlocks::kMaxPoolBytes);
  SpareBlocks::FreePool();
  EXPECT_EQ(SpareBlocks::pool_bytes(), 0u);
  InThread([] { EXPECT_EQ(TakeAll(300), 0u); });
}

TEST_F(SpareBlocksTest, AFullPoolReplacesChainsOfOtherSizesInTurn) {
  constexpr size_t kHalf = SpareBlocks::kMaxPoolBytes / kChainBytes / 2;
  // A thread keeps the last chain that it has filled.
  const auto free_chains = [](size_t chains, size_t size) {
    InThread(
        [&] { FreeNew((chains + 1) * SpareBlocks::ChainLength(size), size); });
  };
  const auto take_chains = [](size_t size) {
    size_t count = 0;
    InThread([&] { count = TakeAll(size) / SpareBlocks::ChainLength(size); });
    return count;
  };
  free_chains(kHalf, 300);
  free_chains(kHalf, 2000);
  ASSERT_EQ(SpareBlocks::pool_bytes(), SpareBlocks::kMaxPoolBytes);
  free_chains(4, 1000);
  EXPECT_EQ(SpareBlocks::pool_bytes(), SpareBlocks::kMaxPoolBytes);
  EXPECT_EQ(take_chains(1000), 4u);
  EXPECT_EQ(take_chains(300), kHalf - 2);
  EXPECT_EQ(take_chains(2000), kHalf - 2);
}

#ifndef NDEBUG
// What the functions do while a thread uses the pool: in another thread, and in
// a child of that moment, where that thread does not exist.
std::string UseAPoolThatIsInUse() {
  SpareBlocks::FreeAll();
  std::string complaint;
  const size_t length = SpareBlocks::ChainLength(300);
  if (SpareBlocks::TryTake(300) != nullptr) complaint += "took a block; ";
  FreeNew(3 * length, 300);
  if (SpareBlocks::bytes() != length * SpareBlocks::BlockSize(300)) {
    complaint += "keeps " + std::to_string(SpareBlocks::bytes()) + " bytes; ";
  }
  SpareBlocks::FreePool();
  SpareBlocks::FreeAll();
  return complaint;
}

TEST_F(SpareBlocksTest, NoThreadWaitsForThePool) {
  const size_t length = SpareBlocks::ChainLength(300);
  InThread([&] { FreeNew(2 * length, 300); });
  HeldCall held("spare_blocks.pool", [&] {
    FreeNew(2 * length, 300);
    return true;
  });
  InThread([] { EXPECT_EQ(UseAPoolThatIsInUse(), ""); });
  EXPECT_EQ(InChild(UseAPoolThatIsInUse), "");
  held.Finish();
  EXPECT_EQ(SpareBlocks::pool_bytes(), 2 * kChainBytes);
}
#endif

// One thread frees what others take, as where one removes what others set.
TEST_F(SpareBlocksTest, NoTwoThreadsHaveABlock) {
  constexpr int kTakers = 3;
  const int blocks_in_all = 20'000 * TestScale();
  std::atomic<int> taken{0};
  std::atomic<bool> has_ended{false};
  std::thread freeing([&] {
    while (!has_ended) FreeNew(100, 300);
  });
  std::vector<std::thread> takers;
  for (int i = 0; i < kTakers; ++i) {
    takers.emplace_back([&, i] {
      std::vector<char*> blocks;
      while (taken < blocks_in_all) {
        auto* const block = static_cast<char*>(SpareBlocks::TryTake(300));
        if (block != nullptr) {
          blocks.push_back(block);
          std::memset(block, i, 300);
          ++taken;
        }
        if (blocks.size() < 100) continue;
        for (char* const each : blocks) {
          ASSERT_EQ(std::count(each, each + 300, static_cast<char>(i)), 300);
          ::operator delete(each);
        }
        blocks.clear();
      }
      for (char* const each : blocks) ::operator delete(each);
    });
  }
  for (std::thread& taker : takers) taker.join();
  has_ended = true;
  freeing.join();
}

#if defined(APPCACHE_ADDRESS_SANITIZER)
TEST_F(SpareBlocksTest, AKeptBlockIsPoisonedBehindItsFirstWord) {
  InThread([] {
    std::vector<void*> blocks;
    for (size_t i = 0; i < 3 * SpareBlocks::ChainLength(300); ++i) {
      blocks.push_back(NewBlock(300));
      SpareBlocks::Free(blocks.back(), 300);
    }
    size_t readable = 0;
    for (void* const block : blocks) {
      auto* const words = static_cast<void**>(block);
      // The head of a chain in the pool has the next chain.
      readable += __asan_address_is_poisoned(words + 1) == 0 ? 1 : 0;
      ASSERT_TRUE(__asan_address_is_poisoned(words + 2));
    }
    EXPECT_EQ(readable, 2u);
    void* const taken = SpareBlocks::TryTake(300);
    EXPECT_EQ(__asan_region_is_poisoned(taken, SpareBlocks::BlockSize(300)),
              nullptr);
    ::operator delete(taken);
  });
}
#endif

TEST_F(SpareBlocksTest, FreeAllLeavesNone) {
  InThread([] {
    SpareBlocks::Free(NewBlock(100), 100);
    SpareBlocks::Free(NewBlock(300), 300);
    SpareBlocks::FreeAll();
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(SpareBlocks::TryTake(300), nullptr);
    SpareBlocks::Free(NewBlock(300), 300);
    EXPECT_EQ(SpareBlocks::bytes(), SpareBlocks::BlockSize(300));
  });
}

TEST_F(SpareBlocksTest, ALargeBlockIsNotKept) {
  InThread([] {
    SpareBlocks::Free(NewBlock(5000), 5000);
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(SpareBlocks::TryTake(5000), nullptr);
  });
}

TEST_F(SpareBlocksTest, AThreadDoesNotTakeWhatAnotherHasFreed) {
  InThread([] {
    SpareBlocks::Free(NewBlock(300), 300);
    InThread([] { EXPECT_EQ(SpareBlocks::TryTake(300), nullptr); });
    ::operator delete(SpareBlocks::TryTake(300));
  });
}

// A leak would fail the test under the address sanitizer.
TEST_F(SpareBlocksTest, AThreadFreesItsBlocksWhenItEnds) {
  InThread([] {
    for (int i = 0; i < 100; ++i) SpareBlocks::Free(NewBlock(300), 300);
  });
}

// Frees a block in its destructor.
struct FreesAtEnd {
  ~FreesAtEnd() {
    SpareBlocks::Free(NewBlock(300), 300);
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(SpareBlocks::TryTake(300), nullptr);
  }
};

TEST_F(SpareBlocksTest, AThreadThatIsEndingKeepsNothing) {
  InThread([] { FreeNew(3 * SpareBlocks::ChainLength(300), 300); });
  ASSERT_GT(SpareBlocks::pool_bytes(), 0u);
  InThread([] {
    // Destroyed after the spare blocks, whose destructor is registered later.
    thread_local FreesAtEnd frees_at_end;
    (void)frees_at_end;
    SpareBlocks::Free(NewBlock(300), 300);
  });
}

TEST_F(SpareBlocksTest, AnEntryIsMadeOfAFreedOneWithoutAnAllocation) {
  InThread([] {
    Entry::New(1, "key", "a value of 17 byt", 0)->ReleaseToSpare();
    AllocationCounter allocations;
    Entry* const made = Entry::New(2, "key", "a value of 18 byte", 5);
    EXPECT_EQ(allocations.count(), 0u);
    EXPECT_EQ(made->h, 2);
    EXPECT_EQ(made->value(), "a value of 18 byte");
    EXPECT_EQ(made->expires_at_ms, 5);
    EXPECT_EQ(made->record, nullptr);
    EXPECT_EQ(made->first_tick, 0);
    made->Release();
  });
}

TEST_F(SpareBlocksTest, AnEntryThatABytesSharesIsNotReused) {
  InThread([] {
    Entry* const entry = Entry::New(1, "key", "value", 0);
    const Bytes shared = entry->ShareValue();
    entry->ReleaseToSpare();
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(shared.view(), "value");
  });
}

}  // namespace
}  // namespace appcache::residency::spare_blocks_test
