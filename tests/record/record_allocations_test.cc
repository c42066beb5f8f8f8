// Recording allocates nothing.

#include <gtest/gtest.h>

#include <string>

#include "tests/record/recorder.h"
#include "tests/support/allocations.h"

namespace appcache {
namespace {

TEST(RecordAllocationsTest, AnAccessAllocatesNothing) {
  MemoryRecorder ring;
  ASSERT_TRUE(ring.Start().ok());
  const std::string path(1000, 'p');
  const AllocationCounter allocations;
  // Also those that are dropped.
  for (size_t i = 0; i < internal::kRecorderSlots + 100; ++i) {
    ring.writer.Write(AccessKind::kSet, path, i, Ttl(1));
  }
  EXPECT_EQ(allocations.count(), 0u);
  EXPECT_EQ(ring.reader.dropped(), 100u);
}

}  // namespace
}  // namespace appcache
