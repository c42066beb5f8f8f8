// The locks of a database, step by step against those of SQLite's unix VFS.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <memory>
#include <string>

#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::locks_test {
namespace {

constexpr int kFlags = SQLITE_OPEN_MAIN_DB | kCreate;
constexpr int kTakeShared = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED;
constexpr int kTakeExclusive = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;
constexpr int kReleaseShared = SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED;
constexpr int kReleaseExclusive = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
constexpr int kWriteLock = 0;
constexpr int kCheckpointLock = 1;

// One opener of the database, in both VFS.
struct Opener {
  explicit Opener(const std::string& unix_path)
      : heap("locks"), unix(unix_path, kFlags, "unix") {
    EXPECT_EQ(unix.open_code(), SQLITE_OK);
    heap.Region(0, /*extend=*/true);
    unix.Region(0, /*extend=*/true);
  }
  ~Opener() { unix.methods().xShmUnmap(unix.get(), 0); }

  RawFile heap;
  RawFile unix;
  // What it holds: bits of the locks of the wal-index, and the file's level.
  unsigned shared = 0;
  unsigned exclusive = 0;
  int level = SQLITE_LOCK_NONE;
};

class LocksTest : public testing::Test {
 protected:
  static constexpr int kOpeners = 3;

  Opener& AnyOpener() { return *openers_[random_.Below(kOpeners)]; }

  RandomSource random_;
  const TempDir directory_;
  const std::string path_ = directory_.path() + "/locks";
  const std::array<std::unique_ptr<Opener>, kOpeners> openers_ = {
      std::make_unique<Opener>(path_), std::make_unique<Opener>(path_),
      std::make_unique<Opener>(path_)};
};

TEST_F(LocksTest, RandomLocksOfTheWalIndexHaveTheResultsOfUnix) {
  const int steps = 50'000 * TestScale();
  int busy = 0;
  int taken = 0;
  for (int step = 0; step < steps; ++step) {
    Opener& opener = AnyOpener();
    const bool is_shared = random_.Below(2) == 0;
    const bool release = random_.Below(2) == 0;
    const int first = static_cast<int>(random_.Below(SQLITE_SHM_NLOCK));
    // Shared locks are taken one by one (SQLite's contract).
    const int count =
        is_shared
            ? 1
            : 1 + static_cast<int>(random_.Below(SQLITE_SHM_NLOCK - first));
    const unsigned mask = ((1u << count) - 1) << first;
    unsigned& held = is_shared ? opener.shared : opener.exclusive;
    // What is not held is not released, nor is an exclusive lock taken twice.
    if (release && (held & mask) != mask) continue;
    if (!release && !is_shared && (held & mask) != 0) continue;
    const int flags = release ? (is_shared ? kReleaseShared : kReleaseExclusive)
                              : (is_shared ? kTakeShared : kTakeExclusive);
    const int expected = opener.unix.ShmLock(first, count, flags);
    ASSERT_EQ(opener.heap.ShmLock(first, count, flags), expected)
        << "step " << step << ": " << first << "+" << count << ", " << flags;
    if (expected == SQLITE_OK) {
      held = release ? held & ~mask : held | mask;
      taken += release ? 0 : 1;
    } else {
      ++busy;
    }
  }
  // Both results were compared often enough.
  EXPECT_GT(busy, steps / 50);
  EXPECT_GT(taken, steps / 50);
}

TEST_F(LocksTest, RandomLocksOfTheFileHaveTheResultsOfUnix) {
  constexpr int kLevels[] = {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED,
                             SQLITE_LOCK_EXCLUSIVE};
  const int steps = 50'000 * TestScale();
  int busy = 0;
  int exclusive = 0;
  for (int step = 0; step < steps; ++step) {
    Opener& opener = AnyOpener();
    if (random_.Below(3) == 0) {
      const int level =
          random_.Below(2) == 0 ? SQLITE_LOCK_NONE : SQLITE_LOCK_SHARED;
      if (level > opener.level) continue;
      ASSERT_EQ(opener.unix.Unlock(level), SQLITE_OK);
      ASSERT_EQ(opener.heap.Unlock(level), SQLITE_OK);
      opener.level = level;
    } else {
      // The first is SHARED; after a failed EXCLUSIVE only that again.
      const int level = opener.level == SQLITE_LOCK_NONE
                            ? SQLITE_LOCK_SHARED
                            : kLevels[random_.Below(3)];
      if (level <= opener.level) continue;
      const int expected = opener.unix.Lock(level);
      ASSERT_EQ(opener.heap.Lock(level), expected)
          << "step " << step << ": " << opener.level << " to " << level;
      if (expected == SQLITE_OK) {
        opener.level = level;
        exclusive += level == SQLITE_LOCK_EXCLUSIVE ? 1 : 0;
      } else {
        ++busy;
        if (level == SQLITE_LOCK_EXCLUSIVE) opener.level = SQLITE_LOCK_PENDING;
      }
    }
    int expected = -1;
    int is_reserved = -1;
    opener.unix.methods().xCheckReservedLock(opener.unix.get(), &expected);
    opener.heap.methods().xCheckReservedLock(opener.heap.get(), &is_reserved);
    ASSERT_EQ(is_reserved, expected) << "step " << step;
  }
  EXPECT_GT(busy, steps / 50);
  EXPECT_GT(exclusive, steps / 1000);
}

TEST_F(LocksTest, ClosingReleasesTheLocks) {
  RawFile other("locks");
  {
    RawFile holder("locks");
    ASSERT_EQ(holder.ShmLock(0, 3, kTakeExclusive), SQLITE_OK);
    ASSERT_EQ(holder.ShmLock(4, 1, kTakeShared), SQLITE_OK);
    ASSERT_EQ(holder.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
    ASSERT_EQ(holder.Lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
    ASSERT_EQ(other.ShmLock(0, 8, kTakeExclusive), SQLITE_BUSY);
  }
  EXPECT_EQ(other.ShmLock(0, 8, kTakeExclusive), SQLITE_OK);
  EXPECT_EQ(other.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(other.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
}

class ReadOnlyLocksTest : public testing::Test {
 protected:
  RawFile writable_{"locks"};
  RawFile read_only_{"locks", SQLITE_OPEN_MAIN_DB | kReadOnly};
};

TEST_F(ReadOnlyLocksTest, NeverGetsTheCheckpointLockAlone) {
  EXPECT_EQ(read_only_.ShmLock(kCheckpointLock, 1, kTakeExclusive),
            SQLITE_BUSY);
  EXPECT_EQ(writable_.ShmLock(kCheckpointLock, 1, kTakeExclusive), SQLITE_OK);
}

TEST_F(ReadOnlyLocksTest, GetsTheWriteLockOnlyWhileThereIsNoWalIndex) {
  EXPECT_EQ(read_only_.ShmLock(kWriteLock, 1, kTakeExclusive), SQLITE_OK);
  EXPECT_EQ(read_only_.ShmLock(kWriteLock, 1, kReleaseExclusive), SQLITE_OK);
  constexpr int kIsInit = 12;  // in the header of the wal-index
  writable_.Region(0, /*extend=*/true)[kIsInit] = 1;
  EXPECT_EQ(read_only_.ShmLock(kWriteLock, 1, kTakeExclusive), SQLITE_BUSY);
  EXPECT_EQ(writable_.ShmLock(kWriteLock, 1, kTakeExclusive), SQLITE_OK);
}

TEST_F(ReadOnlyLocksTest, GetsTheLocksOfReadersAndOfRecovery) {
  EXPECT_EQ(read_only_.ShmLock(kCheckpointLock, 2, kTakeExclusive), SQLITE_OK);
  EXPECT_EQ(read_only_.ShmLock(3, 5, kTakeExclusive), SQLITE_OK);
  EXPECT_EQ(read_only_.ShmLock(3, 5, kReleaseExclusive), SQLITE_OK);
  EXPECT_EQ(read_only_.ShmLock(3, 1, kTakeShared), SQLITE_OK);
}

TEST_F(ReadOnlyLocksTest, IsBusyAboveTheSharedLockOfTheFile) {
  EXPECT_EQ(read_only_.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(read_only_.Lock(SQLITE_LOCK_RESERVED), SQLITE_BUSY);
  EXPECT_EQ(read_only_.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
  // It is not pending: others still begin to read.
  EXPECT_EQ(writable_.Lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(writable_.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
  EXPECT_EQ(read_only_.Unlock(SQLITE_LOCK_NONE), SQLITE_OK);
  EXPECT_EQ(writable_.Lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
}

}  // namespace
}  // namespace appcache::vfs::locks_test
