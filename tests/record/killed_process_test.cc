// A program, or a command, that is killed in the middle of an access to the
// ring.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "appcache/access_recorder.h"
#include "engine/support/test_point.h"
#include "tests/record/recorder.h"
#include "tests/support/temp_dir.h"

// Optimised builds have no points.
#ifndef NDEBUG

namespace appcache::killed_process_test {
namespace {

using internal::AccessRecord;
using internal::MachineMilliseconds;
using internal::RecorderFile;
using internal::RingReader;

class KilledProcessTest : public ::testing::Test {
 protected:
  // Runs `body` in a child, which is killed at the test point.
  static void RunKilled(const char* point, const std::function<void()>& body) {
    killed_at_ = point;
    const pid_t child = fork();
    if (child == 0) {
      internal::test_point_handler = [](const char* reached) noexcept {
        if (std::string_view(reached) == killed_at_) raise(SIGKILL);
      };
      body();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }

  size_t Read(RingReader& reader, uint64_t now_ms, bool no_writers) {
    std::vector<AccessRecord> records;
    EXPECT_TRUE(
        reader.Read(now_ms, no_writers, internal::kRecorderSlots, records)
            .ok());
    return records.size();
  }

  inline static std::string_view killed_at_;
  const TempDir dir_;
  const std::string path_ = dir_.path() + "/cache.record";
};

TEST_F(KilledProcessTest, AChildThatDiesWhileItWritesDelaysTheOthersOnly) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  const auto file = RecorderFile::Attach(path_);
  ASSERT_TRUE(file.ok());
  RingReader reader(file->layout());
  const uint64_t now = MachineMilliseconds();
  // A lease that a slow machine does not reach.
  ASSERT_TRUE(reader.Start({}, now).ok());
  reader.Renew(now + 1'000'000);
  RunKilled("ring slot claimed",
            [&] { (*recorder)->Record(AccessKind::kHit, "lost"); });
  (*recorder)->Record(AccessKind::kHit, "kept");
  EXPECT_EQ(Read(reader, now, false), 0u);
  EXPECT_EQ(Read(reader, now + RingReader::kPatienceMs, false), 1u);
  EXPECT_EQ(reader.dropped(), 1u);
}

TEST_F(KilledProcessTest, AProgramThatDiesWhileItWritesDelaysNothing) {
  const auto file = [&] {
    RunKilled("ring slot claimed", [&] {
      auto recorder = AccessRecorder::Create(path_);
      const auto attached = RecorderFile::Attach(path_);
      if (!recorder.ok() || !attached.ok()) _exit(1);
      // Leaves the session as it is: the command goes on.
      auto& reader = *new RingReader(attached->layout());
      if (!reader.Start({}, MachineMilliseconds()).ok()) _exit(1);
      reader.Renew(MachineMilliseconds() + 1'000'000);
      killed_at_ = "";
      for (int i = 0; i < 10; ++i) {
        (*recorder)->Record(AccessKind::kHit, std::to_string(i));
      }
      killed_at_ = "ring slot claimed";
      (*recorder)->Record(AccessKind::kHit, "lost");
    });
    return RecorderFile::Attach(path_);
  }();
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_FALSE(file->HasProgram());
  // The records of the session of the killed process are not of this one, but
  // the positions are right.
  RingReader reader(file->layout());
  ASSERT_TRUE(reader.Start({}, 0).ok());
  EXPECT_EQ(Read(reader, 0, true), 0u);
  EXPECT_EQ(file->layout().header.head, file->layout().header.tail);
  // The next program replaces the file.
  EXPECT_TRUE(AccessRecorder::Create(path_).ok());
}

TEST_F(KilledProcessTest, ACommandThatDiesWhileItReadsIsFollowedByAnother) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  RunKilled("ring slot read", [&] {
    const auto file = RecorderFile::Attach(path_);
    auto& reader = *new RingReader(file->layout());
    if (!reader.Start({}, MachineMilliseconds()).ok()) _exit(1);
    reader.Renew(MachineMilliseconds() + 1'000'000);
    (*recorder)->Record(AccessKind::kHit, "half read");
    std::vector<AccessRecord> records;
    (void)reader.Read(0, false, 10, records).ok();
  });
  EXPECT_TRUE((*recorder)->is_recording());
  // Nobody reads any more: the ring fills, up to the slot that was freed.
  for (size_t i = 0; i <= internal::kRecorderSlots; ++i) {
    (*recorder)->Record(AccessKind::kHit, std::to_string(i));
  }
  const auto file = RecorderFile::Attach(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->layout().header.dropped, 1u);
  RingReader reader(file->layout());
  ASSERT_TRUE(reader.Start({}, MachineMilliseconds()).ok());
  reader.Renew(MachineMilliseconds() + 1'000'000);
  (*recorder)->Record(AccessKind::kHit, "new");
  EXPECT_EQ(Read(reader, 0, false), 1u);
}

TEST_F(KilledProcessTest, ASlotThatIsWrittenAfterAllStaysRetired) {
  MemoryRecorder ring;
  static MemoryRecorder* held = nullptr;
  held = &ring;
  ASSERT_TRUE(ring.Start().ok());
  // The reader gives up while the writer is between claim and write.
  internal::test_point_handler = [](const char* reached) noexcept {
    if (std::string_view(reached) != "ring slot claimed") return;
    internal::test_point_handler = nullptr;
    EXPECT_EQ(held->Read(/*no_writers=*/true).size(), 0u);
  };
  ring.Write(AccessKind::kHit, "late");
  internal::test_point_handler = nullptr;
  EXPECT_EQ(ring.Read().size(), 0u);
  EXPECT_EQ(ring.reader.dropped(), 1u);
  for (size_t i = 0; i < internal::kRecorderSlots; ++i) {
    ring.Write(AccessKind::kHit, "key");
  }
  EXPECT_EQ(ring.Read().size(), internal::kRecorderSlots - 1);
}

}  // namespace
}  // namespace appcache::killed_process_test

#endif  // NDEBUG
