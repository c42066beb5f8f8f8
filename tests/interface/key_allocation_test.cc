// Building a path of up to 256 bytes allocates nothing. A longer path does,
// which shows that the counter works.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "appcache/bytes.h"
#include "appcache/key.h"
#include "appcache/key_path.h"
#include "appcache/serialiser.h"
#include "tests/support/allocations.h"

namespace appcache::key_allocation_test {
namespace {

// For a path of `path_bytes` that consists of "p/" and one segment.
uint64_t AllocationsForPathOf(size_t path_bytes) {
  const std::string segment(path_bytes - 2, 'x');
  AllocationCounter allocations;
  KeyPath path("p");
  path.Segment(segment);
  return path.view().size() == path_bytes ? allocations.count() : 999;
}

TEST(KeyAllocationTest, APathUpTo256BytesAllocatesNothing) {
  EXPECT_EQ(AllocationsForPathOf(2), 0u);
  EXPECT_EQ(AllocationsForPathOf(255), 0u);
  EXPECT_EQ(AllocationsForPathOf(256), 0u);
}

TEST(KeyAllocationTest, ALongerPathAllocates) {
  EXPECT_GT(AllocationsForPathOf(257), 0u);
}

TEST(KeyAllocationTest, AKeyAndItsPathAllocateNothing) {
  const std::string name(200, 'n');
  AllocationCounter allocations;
  const Key<std::string> key("user", 7, name);
  const Key<std::string> copy = key;  // NOLINT(performance-unnecessary-copy-*)
  KeyPath path("pyappcache");
  copy.AppendTo(path);
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(path.view().substr(0, 18), "pyappcache/user/7/");
}

TEST(KeyAllocationTest, CopyingBytesAllocatesNothing) {
  const Bytes bytes = Bytes::Copy("the only allocation of these bytes");
  AllocationCounter allocations;
  const Bytes copy = bytes;  // NOLINT(performance-unnecessary-copy-*)
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(copy, bytes);
}

TEST(KeyAllocationTest, BytesCostOneAllocation) {
  AllocationCounter allocations;
  const Bytes bytes = Bytes::Copy(std::string_view("counter and bytes"));
  EXPECT_EQ(allocations.count(), 1u);
  const Bytes none = Bytes::Copy("");
  EXPECT_EQ(allocations.count(), 1u);
}

TEST(KeyAllocationTest, SerialisingNumbersAndStringsAllocatesNothing) {
  const std::string text(100, 't');
  AllocationCounter allocations;
  const auto number = Serialiser<int64_t>::Serialise(INT64_MIN);
  const auto real = Serialiser<double>::Serialise(0.1);
  const auto same = Serialiser<std::string>::Serialise(text);
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(std::string_view(number), "-9223372036854775808");
  EXPECT_EQ(std::string_view(real), "0.1");
  EXPECT_EQ(same, text);
}

}  // namespace
}  // namespace appcache::key_allocation_test
