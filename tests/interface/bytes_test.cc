#include "appcache/bytes.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace appcache::bytes_test {
namespace {

using std::string_view_literals::operator""sv;

TEST(BytesTest, DefaultIsEmptyAndNeverNull) {
  const Bytes none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0u);
  EXPECT_NE(none.data(), nullptr);
  EXPECT_EQ(none.view(), "");
}

TEST(BytesTest, CopyContainsAnyBytes) {
  const Bytes bytes = Bytes::Copy("a\0b\xff"sv);
  EXPECT_EQ(bytes.view(), "a\0b\xff"sv);
  EXPECT_FALSE(bytes.empty());
}

TEST(BytesTest, CopyIsIndependentOfItsSource) {
  std::string source = "before";
  const Bytes bytes = Bytes::Copy(source);
  source = "after!";
  EXPECT_EQ(bytes.view(), "before");
}

TEST(BytesTest, CopyOfAnEmptyStringEqualsDefault) {
  EXPECT_EQ(Bytes::Copy(""), Bytes());
  EXPECT_NE(Bytes::Copy("").data(), nullptr);
}

TEST(BytesTest, BuildContainsWhatFillWrites) {
  const Bytes bytes =
      Bytes::Build(3, [](char* data) { std::memcpy(data, "xyz", 3); });
  EXPECT_EQ(bytes.view(), "xyz");
}

TEST(BytesTest, BuildOfZeroBytesDoesNotCallFill) {
  bool called = false;
  EXPECT_TRUE(Bytes::Build(0, [&](char*) { called = true; }).empty());
  EXPECT_FALSE(called);
}

// A sanitizer reports the buffer if it leaks.
TEST(BytesTest, BuildPropagatesExceptionsOfFill) {
  EXPECT_THROW(
      Bytes::Build(8, [](char*) { throw std::runtime_error("fill failed"); }),
      std::runtime_error);
}

TEST(BytesTest, ImpossibleSizesThrowBadAlloc) {
  EXPECT_THROW(Bytes::Build(SIZE_MAX, [](char*) {}), std::bad_alloc);
}

TEST(BytesTest, CopiesShareTheBuffer) {
  const Bytes first = Bytes::Copy("shared");
  const Bytes second = first;  // NOLINT(performance-unnecessary-copy-*)
  EXPECT_EQ(first.data(), second.data());
}

TEST(BytesTest, TheBufferLivesAsLongAsTheLastCopy) {
  Bytes last;
  {
    const Bytes first = Bytes::Copy("outlives its maker");
    last = first;
  }
  EXPECT_EQ(last.view(), "outlives its maker");
}

TEST(BytesTest, MoveLeavesTheSourceEmpty) {
  Bytes from = Bytes::Copy("moved");
  const char* const data = from.data();
  const Bytes to = std::move(from);
  EXPECT_EQ(to.data(), data);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_NE(from.data(), nullptr);
  EXPECT_EQ(from, Bytes());
}

TEST(BytesTest, BuildAlignsTheData) {
  for (const size_t size : {1, 15, 16, 1000}) {
    const Bytes bytes =
        Bytes::Build(size, [&](char* data) { std::memset(data, 0, size); });
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 16, 0u);
  }
}

// An allocation as a backend makes it: the block, then `data`.
internal::SharedBlock* BlockWith(std::string_view data) {
  auto* const block =
      internal::SharedBlock::New(sizeof(internal::SharedBlock) + data.size());
  std::memcpy(block + 1, data.data(), data.size());
  return block;
}

std::string_view PartOf(internal::SharedBlock* block, size_t offset,
                        size_t size) {
  return {reinterpret_cast<const char*>(block + 1) + offset, size};
}

// In this and the next tests, a sanitizer reports a block that leaks or is
// freed too early.
TEST(BytesTest, AdoptTakesOverTheReference) {
  internal::SharedBlock* const block = BlockWith("a value");
  EXPECT_EQ(block->references, 1u);
  const Bytes bytes = Bytes::Adopt(block, PartOf(block, 2, 5));
  EXPECT_EQ(block->references, 1u);
  EXPECT_EQ(bytes.view(), "value");
}

TEST(BytesTest, PartsOfABlockKeepItAsAWhole) {
  internal::SharedBlock* const block = BlockWith("first, second");
  internal::SharedBlock::AddReference(block);
  Bytes first = Bytes::Adopt(block, PartOf(block, 0, 5));
  const Bytes second = Bytes::Adopt(block, PartOf(block, 7, 6));
  const Bytes copy = first;
  EXPECT_EQ(block->references, 3u);
  first = second;
  EXPECT_EQ(first.data(), second.data());
  EXPECT_EQ(first.view(), "second");
  EXPECT_EQ(copy.view(), "first");
  const Bytes moved = std::move(first);
  EXPECT_EQ(moved.view(), "second");
  EXPECT_EQ(block->references, 3u);
}

TEST(BytesTest, AnEmptyPartReleasesItsReference) {
  internal::SharedBlock* const block = BlockWith("value");
  internal::SharedBlock::AddReference(block);
  EXPECT_TRUE(Bytes::Adopt(block, PartOf(block, 5, 0)).empty());
  EXPECT_EQ(block->references, 1u);
  internal::SharedBlock::Release(block);
}

TEST(BytesTest, RemoveSuffixOfAPart) {
  internal::SharedBlock* const block = BlockWith("a value, trailer");
  Bytes bytes = Bytes::Adopt(block, PartOf(block, 2, 14));
  bytes.RemoveSuffix(9);
  EXPECT_EQ(bytes.view(), "value");
}

TEST(BytesTest, SelfAssignmentChangesNothing) {
  Bytes bytes = Bytes::Copy("itself");
  const Bytes& alias = bytes;
  bytes = alias;
  EXPECT_EQ(bytes.view(), "itself");
}

TEST(BytesTest, AssignmentReplacesTheBytes) {
  Bytes bytes = Bytes::Copy("old");
  bytes = Bytes::Copy("new");
  EXPECT_EQ(bytes.view(), "new");
}

TEST(BytesTest, ComparesBytesNotBuffers) {
  EXPECT_EQ(Bytes::Copy("same"), Bytes::Copy("same"));
  EXPECT_FALSE(Bytes::Copy("same") == Bytes::Copy("other"));
}

// The thread sanitizer reports a race of counting and freeing.
TEST(BytesTest, CopiesAreUsedAndDestroyedFromManyThreads) {
  Bytes shared = Bytes::Copy("read by all");
  std::vector<std::thread> threads;
  std::vector<int> equal(4);
  for (int& count : equal) {
    threads.emplace_back([mine = shared, &count] {
      for (int i = 0; i < 1000; ++i) {
        const Bytes copy = mine;
        count += copy.view() == "read by all" ? 1 : 0;
      }
    });
  }
  shared = Bytes();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, std::vector<int>(4, 1000));
}

TEST(BytesTest, RemoveSuffixSharesTheBuffer) {
  Bytes cut = Bytes::Copy("value, trailer");
  const Bytes whole = cut;
  cut.RemoveSuffix(9);
  EXPECT_EQ(cut.view(), "value");
  EXPECT_EQ(cut.size(), 5u);
  EXPECT_EQ(cut.data(), whole.data());
  EXPECT_EQ(whole.view(), "value, trailer");
  const Bytes copy = cut;
  EXPECT_EQ(copy.view(), "value");
  Bytes moved = std::move(cut);
  EXPECT_EQ(moved.view(), "value");
  EXPECT_EQ(cut.size(), 0u);  // NOLINT(bugprone-use-after-move)
  moved.RemoveSuffix(5);
  EXPECT_TRUE(moved.empty());
  moved.RemoveSuffix(0);
  EXPECT_EQ(moved, Bytes());
}

}  // namespace
}  // namespace appcache::bytes_test
