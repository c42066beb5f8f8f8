// HeapStorage: the bytes of a file, against a model, and its memory.

#include "engine/vfs/heap_storage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/test_scale.h"

namespace appcache::vfs::heap_storage_test {
namespace {

constexpr uint64_t kChunk = kChunkBytes;

bool Write(HeapStorage& storage, uint64_t offset, std::string_view bytes) {
  return storage.Write(offset, std::as_bytes(std::span(bytes)));
}

// As many of the bytes as the file has.
std::string Read(const HeapStorage& storage, uint64_t offset, size_t bytes) {
  std::string read(bytes, '#');
  read.resize(storage.Read(offset, std::as_writable_bytes(std::span(read))));
  return read;
}

std::string_view At(const std::byte* address, size_t bytes) {
  return {reinterpret_cast<const char*>(address), bytes};
}

bool IsMapped(std::byte* chunk) {
  return msync(chunk, kChunkBytes, MS_ASYNC) == 0;
}

// Lets the AllocateChunk calls fail from the n-th on.
class FailingChunks {
 public:
  explicit FailingChunks(int first) {
    left_ = first - 1;
    SetChunkFailure([] { return left_-- <= 0; });
  }
  ~FailingChunks() { SetChunkFailure(nullptr); }

 private:
  static int left_;
};
int FailingChunks::left_ = 0;

// The parameter: the offset where the file is used, so that it crosses the
// boundaries of segments and of 32-bit sizes.
class HeapStorageModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(HeapStorageModelTest, RandomWritesAndTruncationsEqualTheModel) {
  constexpr size_t kBytes = 6 * kChunkBytes;
  const uint64_t base = GetParam();
  RandomSource random;
  const std::string source = random.String(3 * kChunkBytes);
  HeapStorage storage;
  std::string model;  // the bytes from `base` on
  storage.Truncate(base);
  for (int step = 0; step < 200 * TestScale(); ++step) {
    if (random.Below(4) == 0) {
      model.resize(random.Below(kBytes));
      storage.Truncate(base + model.size());
    } else {
      const size_t offset = random.Below(kBytes);
      const size_t longest = random.Below(4) == 0 ? source.size() : 5000;
      const std::string_view bytes = std::string_view(source).substr(
          random.Below(100), 1 + random.Below(longest - 100));
      ASSERT_TRUE(Write(storage, base + offset, bytes));
      model.resize(std::max(model.size(), offset + bytes.size()));
      model.replace(offset, bytes.size(), bytes);
    }
    ASSERT_EQ(storage.size(), base + model.size());
    const size_t from = random.Below(kBytes);
    const std::string expected =
        from < model.size() ? model.substr(from, 2 * kChunkBytes) : "";
    ASSERT_TRUE(Read(storage, base + from, 2 * kChunkBytes) == expected)
        << "step " << step << ", from " << from;
    ASSERT_LE(storage.allocated_bytes(), model.size() + kChunk);
  }
}

INSTANTIATE_TEST_SUITE_P(Offsets, HeapStorageModelTest,
                         testing::Values(0, 61 * kChunk, 189 * kChunk,
                                         (uint64_t{4} << 30) - 3 * kChunk,
                                         (uint64_t{5} << 30) - 3 * kChunk));

TEST(HeapStorageTest, BytesNeverWrittenAreZeroAndTakeNoMemory) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 1000 * kChunk, "end"));
  EXPECT_EQ(storage.allocated_bytes(), kChunk);
  EXPECT_EQ(Read(storage, 500 * kChunk - 2, 4), std::string(4, '\0'));
  EXPECT_EQ(Read(storage, 1000 * kChunk - 1, 10), std::string("\0end", 4));
}

TEST(HeapStorageTest, EveryChunkHasBytesOfItsOwn) {
  constexpr uint64_t kChunks = 500;  // in four segments
  HeapStorage storage;
  for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
    ASSERT_TRUE(Write(storage, chunk * kChunk, "#" + std::to_string(chunk)));
  }
  EXPECT_EQ(storage.allocated_bytes(), kChunks * kChunk);
  for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
    const std::string expected = "#" + std::to_string(chunk);
    EXPECT_EQ(Read(storage, chunk * kChunk, expected.size()), expected);
  }
}

TEST(HeapStorageTest, AnAddressStaysValidWhileTheFileGrows) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 0, "first"));
  ASSERT_TRUE(Write(storage, 63 * kChunk, "second"));
  std::byte* const first = storage.Address(0, 5);
  std::byte* const second = storage.Address(63 * kChunk, 6);
  for (uint64_t chunk = 1; chunk < 1000; chunk += 30) {
    ASSERT_TRUE(Write(storage, chunk * kChunk, "other"));
  }
  EXPECT_EQ(storage.Address(0, 5), first);
  EXPECT_EQ(storage.Address(63 * kChunk, 6), second);
  EXPECT_EQ(At(first, 5), "first");
  EXPECT_EQ(At(second, 6), "second");
}

TEST(HeapStorageTest, AnAddressShowsLaterWrites) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 0, "old bytes"));
  const std::byte* const address = storage.Address(0, 9);
  ASSERT_TRUE(Write(storage, 0, "new"));
  EXPECT_EQ(At(address, 9), "new bytes");
}

TEST(HeapStorageTest, OnlyBytesOfOneChunkInTheFileHaveAnAddress) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 2 * kChunk, std::string(kChunk + 100, 'x')));
  EXPECT_NE(storage.Address(3 * kChunk - 50, 50), nullptr);
  EXPECT_EQ(storage.Address(3 * kChunk - 50, 51), nullptr);  // two chunks
  EXPECT_NE(storage.Address(3 * kChunk, 100), nullptr);
  EXPECT_EQ(storage.Address(3 * kChunk, 101), nullptr);  // beyond the end
  EXPECT_EQ(storage.Address(3 * kChunk + 100, 1), nullptr);
  EXPECT_EQ(storage.Address(0, 10), nullptr);  // never written
}

TEST(HeapStorageTest, AFailedAllocationChangesNothing) {
  // The write needs four chunks; the last is that of a new segment.
  const uint64_t offset = 61 * kChunk - 10;
  const std::string bytes(3 * kChunk + 20, 'n');
  for (int fails = 1; fails <= 4; ++fails) {
    HeapStorage storage;
    ASSERT_TRUE(Write(storage, 0, "old"));
    {
      const FailingChunks failing(fails);
      EXPECT_FALSE(Write(storage, offset, bytes));
    }
    EXPECT_EQ(storage.size(), 3u);
    EXPECT_EQ(storage.allocated_bytes(), kChunk);
    EXPECT_EQ(Read(storage, 0, 10), "old");
    EXPECT_TRUE(Write(storage, offset, bytes));
    EXPECT_TRUE(Read(storage, offset, bytes.size()) == bytes);
  }
}

TEST(HeapStorageTest, AFailedAllocationInsideTheFileChangesNoBytes) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 0, "old"));
  storage.Truncate(5 * kChunk);
  {
    const FailingChunks failing(2);
    EXPECT_FALSE(Write(storage, 0, std::string(3 * kChunk, 'n')));
  }
  EXPECT_EQ(storage.size(), 5 * kChunk);
  EXPECT_EQ(Read(storage, 0, 6), std::string("old\0\0\0", 6));
  EXPECT_EQ(Read(storage, kChunk, 3), std::string(3, '\0'));
}

TEST(HeapStorageTest, TruncationReturnsTheChunksBeyondTheSize) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 0, std::string(4 * kChunk, 'x')));
  std::byte* const kept = storage.Address(kChunk, 1);
  std::byte* const freed = storage.Address(2 * kChunk, 1);
  storage.Truncate(kChunk + 1);
  EXPECT_EQ(storage.allocated_bytes(), 2 * kChunk);
  EXPECT_TRUE(IsMapped(kept));
  EXPECT_FALSE(IsMapped(freed));
  storage.Truncate(0);
  EXPECT_EQ(storage.allocated_bytes(), 0u);
  EXPECT_FALSE(IsMapped(kept));
}

TEST(HeapStorageTest, TruncatedBytesAreZeroWhenTheFileGrowsAgain) {
  HeapStorage storage;
  ASSERT_TRUE(Write(storage, 0, std::string(2 * kChunk, 'x')));
  storage.Truncate(1001);
  storage.Truncate(2 * kChunk);
  EXPECT_EQ(Read(storage, 1000, 3), std::string("x\0\0", 3));
  EXPECT_EQ(Read(storage, kChunk - 1, 2), std::string(2, '\0'));
}

TEST(HeapStorageTest, DestructionReturnsAllMemory) {
  std::optional<HeapStorage> storage(std::in_place);
  std::vector<std::byte*> chunks;
  for (const uint64_t chunk : {0, 63, 64, 500}) {
    ASSERT_TRUE(Write(*storage, chunk * kChunk, "x"));
    chunks.push_back(storage->Address(chunk * kChunk, 1));
    EXPECT_TRUE(IsMapped(chunks.back()));
  }
  storage.reset();
  for (std::byte* const chunk : chunks) EXPECT_FALSE(IsMapped(chunk));
}

}  // namespace
}  // namespace appcache::vfs::heap_storage_test
