// KillScript: what the process does that is going to be killed. A seed gives
// the same steps to it and to the test, which so knows what it was doing.

#ifndef APPCACHE_TESTS_ENGINE_KILL_SCRIPT_H_
#define APPCACHE_TESTS_ENGINE_KILL_SCRIPT_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/lru_model.h"

namespace appcache {

// How the cache is used.
enum class KillMix {
  kEvicting,  // sets and invalidates, over the limits
  kReading,   // gets too, so that uses are flushed; within the limits
};

SqliteCacheOptions KillOptions(KillMix mix);

struct KillStep {
  // Paths and values; none: a get of `path`, or, if that is empty, a flush.
  std::vector<std::pair<std::string, std::string>> sets;
  std::vector<std::string> invalidates;
  std::string path;

  Status Do(SqliteCache& cache) const;
  void Do(LruModel& model) const;
};

class KillScript {
 public:
  KillScript(KillMix mix, uint64_t seed) : mix_(mix), engine_(seed) {}

  KillStep Next();

 private:
  uint64_t Below(uint64_t limit);
  std::string APath();
  std::string AValue(const std::string& path);

  const KillMix mix_;
  std::mt19937_64 engine_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_KILL_SCRIPT_H_
