// UntilTable: what holds for a path until some time, in bounded memory.
//
// When it is full, what would end soonest is forgotten before its time: use it
// only for what costs no more than work when it is forgotten.
//
// Thread safety: all of it.

#ifndef APPCACHE_ENGINE_LOADING_UNTIL_TABLE_H_
#define APPCACHE_ENGINE_LOADING_UNTIL_TABLE_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/clock.h"

namespace appcache {

class UntilTable {
 public:
  // Paths, and bytes of them all: at most 4 MiB, and half as much again for the
  // nodes they hang on.
  static constexpr size_t kMaxPaths = 10'000;
  static constexpr size_t kMaxBytes = size_t{4} << 20;

  UntilTable() = default;
  UntilTable(const UntilTable&) = delete;
  UntilTable& operator=(const UntilTable&) = delete;

  // `path` holds until `end`, whatever was said before. Throws std::bad_alloc.
  void Add(std::string_view path, TimePoint end);

  // Whether `path` holds at `now`. One load when the table is empty.
  bool Holds(std::string_view path, TimePoint now) const;

  // One load each when the table is empty.
  void Erase(std::string_view path) noexcept;
  void Clear() noexcept;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Ends =
      std::unordered_map<std::string, TimePoint, Hash, std::equal_to<>>;

  // REQUIRES: mutex_ is held.
  void EraseLocked(Ends::iterator found) noexcept;

  // Of ends_, readable without the mutex. A thread that has been told of an Add
  // by another sees it.
  std::atomic<size_t> size_{0};
  mutable std::mutex mutex_;
  Ends ends_;  // guarded by mutex_, as the rest
  // In the order of their ends; the views are into the keys of ends_.
  std::set<std::pair<TimePoint, std::string_view>> by_end_;
  size_t bytes_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_UNTIL_TABLE_H_
