// FaultLoop: an operation on a cache file, with a failure at each of its calls
// of the file system in turn.
//
// For every kind of failure the N-th call fails, for N up to how many there are
// (all of them, or as many as failure_points.h says); once, and for ever after.
// Each time the operation starts from the same file, and must
//
//   - say what happened, with the right code, or succeed all the same,
//   - have changed nothing if it failed, and everything if it succeeded, also
//     in a copy of the files that is taken at once, as kill -9 leaves them,
//   - work when the disk does again,
//   - leave a file that SQLite and Check find sound, within the limits.

#ifndef APPCACHE_TESTS_FAULT_FAULT_LOOP_H_
#define APPCACHE_TESTS_FAULT_FAULT_LOOP_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace appcache {

// What a cache holds: key to value, and ExpirySuffix if the entry expires.
using Contents = std::map<std::string, std::string>;

std::string ExpirySuffix(TimePoint expires_at);

// One way for the file system to fail.
struct FailureKind {
  VfsCall call;
  int sqlite_code;
  // What the operation says; or kUnavailable, where SQLite makes another I/O
  // error of it.
  ErrorCode code = ErrorCode::kUnavailable;
  bool torn = false;
};

std::span<const FailureKind> AllFailureKinds();

// A cache file in TEST_TMPDIR, filled, and what can be asked of it.
class FaultLoop : public testing::Test {
 protected:
  static constexpr int kEntries = 40;
  static constexpr uint64_t kMaxEntries = 1000;

  struct Operation {
    // Before the disk fails. May be null.
    std::function<void(SqliteCache&)> prepare = nullptr;
    std::function<Status(SqliteCache&)> run;
    // What the cache holds after success.
    Contents after = {};
    uint64_t max_entries = kMaxEntries;
    bool closes = false;  // there is no cache left after it
    // Looks, after each run, at what it has done besides. May be null.
    std::function<void(const Status&)> check = nullptr;
  };

  // The file that each attempt starts from: kEntries small ones, "key00" the
  // least recently used, and a few that fill pages of their own. With its
  // write-ahead log if `with_log`, as kill -9 leaves it.
  void MakeOriginal(bool with_log);
  // Makes that the file of an older build, which has no checksums.
  void MakeOriginalOlder();
  const Contents& original() const { return original_; }

  // The loop of the heading.
  void FailEverywhere(const Operation& operation);

  // The same for opening the original, or a file that is not there yet.
  enum class File { kOriginal, kNone };
  void FailEverywhereInOpen(File file);

  // For an operation with many calls: one in `stride` fails.
  void set_stride(uint64_t stride) { stride_ = stride; }

  // ExpirySuffix of an entry with this ttl.
  std::string Expiring(Ttl ttl) const {
    return ExpirySuffix(clock_->Now() + ttl);
  }

  SqliteCacheOptions Options(uint64_t max_entries = kMaxEntries) const;
  std::string path() const { return directory_.path() + "/cache.db"; }
  void PlaceOriginal() const;

 private:
  using AttemptWith = std::function<void(const FailureKind&)>;
  // Calls `attempt` with fault_ being one fault after another.
  void ForEachFault(const AttemptWith& attempt);
  // How many calls of that kind there are when none fails.
  uint64_t CallsIn(const AttemptWith& attempt, const FailureKind& kind);

  void Attempt(const Operation& operation, const FailureKind& kind);
  void AttemptToOpen(File file, const FailureKind& kind);
  void ExpectAsToldBy(const Status& status, const FailureKind& kind);
  // The file as any process finds it that opens it now.
  void ExpectSound(const std::string& path, const Contents& contents,
                   uint64_t max_entries);
  void ExpectSoundAfterCrash(const Contents& contents,
                             const Contents& or_contents, uint64_t max_entries);

  const TempDir directory_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  FaultyVfs vfs_{"faulty"};
  Contents original_;
  VfsFault fault_;
  uint64_t stride_ = 8;  // see FailurePoints
  RandomSource random_;
};

// What a cache holds, found by walking over it.
Contents ContentsOf(SqliteCache& cache);

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_FAULT_LOOP_H_
