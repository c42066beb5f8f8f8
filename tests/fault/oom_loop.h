// OomLoop: an operation on a cache, with memory that runs out at each of its
// allocations in turn, C++'s and SQLite's.
//
// The N-th allocation fails, for N up to how many there are (all of them, or as
// many as failure_points.h says); once, and for ever after. Each time the
// operation must
//
//   - throw nothing, and say kFull, or succeed all the same,
//   - have changed nothing if it failed, and everything if it succeeded,
//   - work when there is memory again,
//   - leave a cache that Check finds sound, and leak nothing.

#ifndef APPCACHE_TESTS_FAULT_OOM_LOOP_H_
#define APPCACHE_TESTS_FAULT_OOM_LOOP_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/fault/failing_memory.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

struct sqlite3;

namespace appcache {

// What a cache holds: path to stored bytes, and the expiry time if there is
// one.
using Contents = std::map<std::string, std::string>;

enum class Where {
  kMemory,
  kFile,
  kConnection,   // of the caller's
  kTransaction,  // and inside a transaction of the caller's
};
std::string NameOfWhere(const testing::TestParamInfo<Where>& tested);

class OomLoop : public testing::TestWithParam<Where> {
 protected:
  ~OomLoop() override;

  struct Operation {
    // Fills the cache. May be null.
    std::function<void(SqliteCache&)> prepare = nullptr;
    // Must not allocate anything itself.
    std::function<Status(SqliteCache&)> run;
    uint64_t max_entries = 1000;
    bool closes = false;  // there is no cache left after it
    // Looks, after each run, at what it has done besides. May be null.
    std::function<void(const Status&)> check = nullptr;
  };

  // The loop of the heading.
  void FailEverywhere(const Operation& operation);

  // Must not allocate anything itself.
  using Open = std::function<SqliteCache::Opened(SqliteCacheOptions)>;

  // The same for opening: `prepare` says what there is to open, and `check`
  // sees what has been.
  void FailEverywhereInOpen(const std::function<void()>& prepare,
                            const Open& open,
                            const std::function<void(SqliteCache&)>& check);

  // From now on memory runs out once only: not for ever after.
  void FailOnceOnly() { fail_for_ever_ = false; }
  // For an operation with many allocations: one in `stride` fails.
  void set_stride(uint64_t stride) { stride_ = stride; }
  SqliteCacheOptions Options(uint64_t max_entries = 1000) const;
  // The cache of the test's parameter.
  SqliteCache::Opened OpenIt(SqliteCacheOptions options) const;
  // Leaves none.
  void Remove();
  // Makes a file that is closed that of an older build, without checksums.
  void MakeOlder() const;

 private:
  bool OnConnection() const;
  void Execute(const char* sql);

  // What came of a plan.
  struct Seen {
    uint64_t allocations = 0;
    uint64_t failed = 0;
  };
  using AttemptWith = std::function<void(FailingMemory::Plan, Seen&)>;
  // Calls `attempt` with one failure after another.
  void ForEachFailure(const AttemptWith& attempt);
  void TryOne(const AttemptWith& attempt, FailingMemory::Plan plan, Seen& seen);
  void Attempt(const Operation& operation, FailingMemory::Plan plan,
               Seen& seen);
  // What the operation makes of the cache when nothing fails.
  void Rehearse(const Operation& operation);

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/cache.db";
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  sqlite3* db_ = nullptr;
  bool fail_for_ever_ = true;
  uint64_t stride_ = 12;  // see FailurePoints
  RandomSource random_;
  Contents before_;
  Contents after_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_OOM_LOOP_H_
