// PropertyRun: random operations on a SqliteCache and on an LruModel, side by
// side. Whatever the cache answers and holds must be what the model does.

#ifndef APPCACHE_TESTS_ENGINE_PROPERTY_RUN_H_
#define APPCACHE_TESTS_ENGINE_PROPERTY_RUN_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/lru_model.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/scratch.h"
#include "tests/support/random.h"

namespace appcache {

// Where the entries are, and who works on them.
struct PropertyMode {
  enum class Store { kMemory, kFile, kBorrowed };
  Store store = Store::kMemory;
  // The cache's own thread flushes and sweeps after every few operations; time
  // never goes back. Otherwise that thread has nothing to do.
  bool background = false;
};

class PropertyRun {
 public:
  // The limits and the mix of operations are drawn from `random` too.
  PropertyRun(PropertyMode mode, RandomSource& random);

  // Until the first difference, which fails the test and tells what led there.
  void Run(int operations);

 private:
  enum Operation {
    kGet,
    kGetTimed,
    kGetMany,
    kTtlOf,
    kSet,
    kSetMany,
    kInvalidate,
    kInvalidateMany,
    kAdd,
    kInvalidatePrefix,
    kMoveClock,
    kFlush,
    kReopen,
    kClear,
    kOperations,
  };

  // A path and a value that a RawEntry refers to.
  struct NewEntry {
    std::string path;
    std::string value;
    Ttl ttl = kNoTtl;
  };

  void ChooseOptions();
  void Open();
  void Close();
  void Step();
  void Do(Operation operation);

  // One of the objects that share the database.
  SqliteCache& cache();
  std::string APath();
  std::vector<std::string> SomePaths();
  NewEntry ANewEntry();
  Ttl ATtl();
  void Note(std::string_view what);

  void Get();
  void GetTimed();
  void GetMany();
  void TtlOf();
  void Set(size_t entries);
  void Invalidate();
  void InvalidateMany();
  void Add();
  void InvalidatePrefix();
  void MoveClock();
  void Flush();

  void CompareGot(const std::string& path, const Lookup<Bytes>& found);
  void CompareCounts();
  void CompareEntries();
  void CompareRows();
  void CompareOrder();

  const PropertyMode mode_;
  RandomSource& random_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  int weights_[kOperations] = {};
  bool with_ttls_ = false;

  Scratch scratch_;
  // Borrowed; or keeps the database in memory while no cache is open.
  std::optional<PlainSqlite> connection_;
  std::vector<std::unique_ptr<SqliteCache>> caches_;
  std::optional<LruModel> model_;
  int64_t values_made_ = 0;
  std::deque<std::string> trail_;  // the last operations
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_PROPERTY_RUN_H_
