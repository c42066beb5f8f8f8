// Hammer: a thread's worth of random operations on a cache, and their history.
//
// Used by threads of one process and by processes on one file alike.

#ifndef APPCACHE_TESTS_FAULT_HAMMER_H_
#define APPCACHE_TESTS_FAULT_HAMMER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/fault/history.h"

namespace appcache {

// The value with this id of this key: text that tells both, padded so that
// sizes differ and a torn or foreign value is found out.
std::string HammerValue(int32_t key, uint64_t id);
// The id, unless `text` is not a whole value of this key.
std::optional<uint64_t> ParseHammerValue(int32_t key, std::string_view text);
std::string HammerKey(int32_t key);

class Hammer {
 public:
  struct Plan {
    uint64_t writer = 0;  // nobody else's; the values it sets tell it
    uint64_t seed = 0;
    int operations = 0;
    int keys = 0;
    uint64_t max_entries = 0;
    std::optional<uint64_t> max_bytes = {};
  };

  Hammer(SqliteCache& cache, const Plan& plan);

  // All operations of the plan.
  void Run();
  // A get of each key.
  void ReadAll();

  const std::vector<Event>& events() const { return events_; }
  // What no call should have said, a line each.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  void Get(int32_t key);
  void GetMany();
  void Set(int32_t key);
  void SetMany();
  void Remove(int32_t key);
  void Clear();
  void LookAround();  // Stats, Check, ForEachKey, Flush

  uint64_t NextValue() { return plan_.writer << 32 | ++sets_; }
  int32_t AnyKey();
  void NoteRead(int32_t key, const Lookup<std::string>& found, int64_t begin,
                int64_t end);
  bool Expect(const Status& status, const char* operation);
  void Fail(const char* operation, const std::string& what);

  SqliteCache& cache_;
  const Plan plan_;
  uint64_t random_;
  uint64_t sets_ = 0;
  std::vector<Event> events_;
  std::vector<std::string> failures_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_HAMMER_H_
