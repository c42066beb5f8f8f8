// Recording allocates nothing. When memory runs out while a recorder file is
// made, nothing is left behind.

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "appcache/access_recorder.h"
#include "tests/record/recorder.h"
#include "tests/support/allocations.h"
#include "tests/support/temp_dir.h"

namespace {
int closed_twice = 0;
}  // namespace

// Replaces that of the C library in this test. A descriptor that is closed
// twice may be one that another thread has opened in between.
extern "C" int close(int fd) {
  const auto result = static_cast<int>(syscall(SYS_close, fd));
  if (result != 0 && errno == EBADF) ++closed_twice;
  return result;
}

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

class CreateOutOfMemoryTest : public ::testing::Test {
 protected:
  static size_t FilesIn(const std::string& directory) {
    const std::filesystem::directory_iterator files(directory);
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  // Makes each allocation of Create fail in turn, after `prepare`, which
  // leaves one file at most.
  void FailEverywhere(const std::function<void()>& prepare) {
    int failed = 0;
    bool any_failed = true;
    for (uint64_t first = 1; any_failed && !HasFailure(); ++first) {
      SCOPED_TRACE(first);
      prepare();
      const size_t descriptors = FilesIn("/proc/self/fd");
      closed_twice = 0;
      {
        const FailingAllocations failing(first, 1);
        const auto created = AccessRecorder::Create(path_);
        any_failed = failing.any_failed();
        EXPECT_FALSE(any_failed && created.ok());
      }
      if (any_failed) ++failed;
      EXPECT_EQ(closed_twice, 0);
      EXPECT_EQ(FilesIn("/proc/self/fd"), descriptors);
      EXPECT_LE(FilesIn(dir_.path()), 1u);
    }
    // Otherwise the test has tested nothing.
    EXPECT_GT(failed, 0);
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/" + std::string(100, 'r');
};

TEST_F(CreateOutOfMemoryTest, ANewFile) {
  FailEverywhere([&] { std::filesystem::remove(path_); });
}

TEST_F(CreateOutOfMemoryTest, AFileWhoseProgramHasEnded) {
  FailEverywhere([&] { ASSERT_TRUE(AccessRecorder::Create(path_).ok()); });
}

TEST_F(CreateOutOfMemoryTest, AFileOfAnotherProgramThatRuns) {
  const auto other = AccessRecorder::Create(path_);
  ASSERT_TRUE(other.ok());
  FailEverywhere([] {});
}

TEST_F(CreateOutOfMemoryTest, AFileOfSomethingElse) {
  std::ofstream(path_) << "text\n";
  FailEverywhere([] {});
}

}  // namespace
}  // namespace appcache
