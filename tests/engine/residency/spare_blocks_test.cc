// SpareBlocks: sizes, what a thread keeps, and what it frees.

#include "engine/residency/spare_blocks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "engine/residency/entry.h"
#include "tests/support/allocations.h"

namespace appcache::residency::spare_blocks_test {
namespace {

void* NewBlock(size_t size) {
  return ::operator new(SpareBlocks::BlockSize(size));
}

// In a thread of its own, which has no spare blocks at the start.
template <class Body>
void InThread(const Body& body) {
  std::thread(body).join();
}

TEST(SpareBlocksTest, ABlockHasRoomAndWastesAtMostAnEighth) {
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

TEST(SpareBlocksTest, AThreadTakesWhatItHasFreedOfTheSameSize) {
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

TEST(SpareBlocksTest, EachSizeHasAListOfItsOwn) {
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

TEST(SpareBlocksTest, AThreadKeepsAtMostItsLimit) {
  InThread([] {
    for (int i = 0; i < 1000; ++i) SpareBlocks::Free(NewBlock(4088), 4088);
    EXPECT_LE(SpareBlocks::bytes(), SpareBlocks::kMaxBytes);
    EXPECT_GT(SpareBlocks::bytes(), SpareBlocks::kMaxBytes - 4088);
  });
}

TEST(SpareBlocksTest, FreeAllLeavesNone) {
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

TEST(SpareBlocksTest, ALargeBlockIsNotKept) {
  InThread([] {
    SpareBlocks::Free(NewBlock(5000), 5000);
    EXPECT_EQ(SpareBlocks::bytes(), 0u);
    EXPECT_EQ(SpareBlocks::TryTake(5000), nullptr);
  });
}

TEST(SpareBlocksTest, AThreadDoesNotTakeWhatAnotherHasFreed) {
  InThread([] {
    SpareBlocks::Free(NewBlock(300), 300);
    InThread([] { EXPECT_EQ(SpareBlocks::TryTake(300), nullptr); });
    ::operator delete(SpareBlocks::TryTake(300));
  });
}

// A leak would fail the test under the address sanitizer.
TEST(SpareBlocksTest, AThreadFreesItsBlocksWhenItEnds) {
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

TEST(SpareBlocksTest, AThreadThatIsEndingKeepsNothing) {
  InThread([] {
    // Destroyed after the spare blocks, whose destructor is registered later.
    thread_local FreesAtEnd frees_at_end;
    (void)frees_at_end;
    SpareBlocks::Free(NewBlock(300), 300);
  });
}

TEST(SpareBlocksTest, AnEntryIsMadeOfAFreedOneWithoutAnAllocation) {
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

TEST(SpareBlocksTest, AnEntryThatABytesSharesIsNotReused) {
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
