// LruModel: what a SqliteCache should do, as simply as it can be said: a list
// in the order of use, and a map into it.

#ifndef APPCACHE_TESTS_ENGINE_LRU_MODEL_H_
#define APPCACHE_TESTS_ENGINE_LRU_MODEL_H_

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/clock.h"
#include "engine/policy/eviction.h"

namespace appcache {

class LruModel {
 public:
  // One that can be seen, as ForEachEntry tells it.
  struct Visible {
    std::string value;
    int64_t ends_ms = 0;  // since the Unix epoch; 0: never

    friend bool operator==(const Visible&, const Visible&) = default;
  };

  explicit LruModel(policy::Limits limits) : limits_(limits) {}
  LruModel(const LruModel&) = delete;
  LruModel& operator=(const LruModel&) = delete;

  // The time of every operation that follows.
  void SetNow(TimePoint now) { now_ = now; }

  std::optional<std::string> Get(std::string_view path);
  std::optional<Ttl> TtlOf(std::string_view path) const;

  // All of them, then evicts. False when one was too large: its key is empty.
  bool Set(std::span<const RawEntry> entries);
  // None: it was too large. False: there was one that has not ended.
  std::optional<bool> Add(const RawEntry& entry);
  void Invalidate(std::string_view path);
  void InvalidatePrefix(std::string_view prefix);
  void Clear();

  // Removes at most `most` expired entries, the first to end first, as
  // maintenance does.
  void Sweep(uint64_t most);

  // In the order of paths.
  std::map<std::string, Visible> AllVisible() const;

  // Their paths, from the least to the most recently used.
  std::vector<std::string> VisibleOrder() const;

  // The stored entries, including expired ones that were not removed.
  uint64_t entries() const { return order_.size(); }
  uint64_t bytes() const { return bytes_; }
  uint64_t evictions() const { return evictions_; }
  uint64_t expirations() const { return expirations_; }
  void ResetCounters() { evictions_ = expirations_ = 0; }

  // When an entry that is set now with `ttl` would end.
  int64_t EndOf(Ttl ttl) const;
  // Whether one of the entries ends then.
  bool HasEnd(int64_t ends_ms) const;

 private:
  struct Entry {
    std::string path;
    std::string value;
    int64_t ends_ms;

    uint64_t bytes() const { return path.size() + value.size(); }
  };
  // From the least to the most recently used.
  using Order = std::list<Entry>;

  bool HasEnded(const Entry& entry) const;
  Order::iterator Find(std::string_view path);
  void Remove(Order::iterator entry);
  bool RemoveOneEnded();
  bool IsOver() const;

  const policy::Limits limits_;
  TimePoint now_;
  Order order_;
  std::map<std::string, Order::iterator, std::less<>> by_path_;
  uint64_t bytes_ = 0;
  uint64_t evictions_ = 0;
  uint64_t expirations_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_LRU_MODEL_H_
