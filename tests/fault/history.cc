#include "tests/fault/history.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <unordered_map>

namespace appcache {
namespace {

using Kind = Event::Kind;

constexpr int64_t kStart = std::numeric_limits<int64_t>::min();
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Writes in the order in which they began; tells whether one of them lies
// within a stretch of time.
class Writes {
 public:
  void Add(int64_t begin, int64_t end) { spans_.push_back({begin, end}); }

  void Sort() {
    std::sort(spans_.begin(), spans_.end(),
              [](const Span& a, const Span& b) { return a.begin < b.begin; });
    // Now the first end of this one and of all that began later.
    int64_t first_end = kNever;
    for (auto it = spans_.rbegin(); it != spans_.rend(); ++it) {
      it->end = first_end = std::min(first_end, it->end);
    }
  }

  bool AnyBetween(int64_t after, int64_t before) const {
    const auto next = std::upper_bound(
        spans_.begin(), spans_.end(), after,
        [](int64_t moment, const Span& span) { return moment < span.begin; });
    return next != spans_.end() && next->end < before;
  }

 private:
  struct Span {
    int64_t begin;
    int64_t end;
  };
  std::vector<Span> spans_;
};

class KeyHistory {
 public:
  void Add(const Event& event) {
    switch (event.kind) {
      case Kind::kSet:
        sets_[event.value] = event;
        break;
      case Kind::kRemove:
        removes_.push_back(event);
        break;
      case Kind::kHit:
      case Kind::kMiss:
        reads_.push_back(event);
        break;
    }
  }

  void FindImpossible(Misses misses, std::vector<std::string>& found) {
    Prepare();
    for (const Event& read : reads_) {
      const char* what = nullptr;
      if (read.kind == Kind::kHit) {
        what = WrongWithHit(read);
      } else if (misses == Misses::kOnlyWhenRemoved) {
        what = WrongWithMiss(read);
      }
      if (what != nullptr) {
        found.push_back("key " + std::to_string(read.key) + ": " + what +
                        " (value " + std::to_string(read.value) + ", read " +
                        std::to_string(read.begin) + " to " +
                        std::to_string(read.end) + ")");
      }
    }
  }

 private:
  void Prepare() {
    for (const Event& read : reads_) {
      const auto seen = sets_.find(read.value);
      if (read.kind != Kind::kHit || seen == sets_.end()) continue;
      seen->second.end = std::min(seen->second.end, read.end);
    }
    for (const auto& [value, set] : sets_) {
      set_spans_.Add(set.begin, set.end);
      write_spans_.Add(set.begin, set.end);
    }
    for (const Event& remove : removes_) {
      write_spans_.Add(remove.begin, remove.end);
    }
    set_spans_.Sort();
    write_spans_.Sort();
    // At first there is nothing.
    removes_.push_back({Kind::kRemove, 0, 0, kStart, kStart});
    std::sort(removes_.begin(), removes_.end(),
              [](const Event& a, const Event& b) { return a.begin < b.begin; });
    // Now the last end of this one and of all that began earlier.
    for (size_t i = 1; i < removes_.size(); ++i) {
      removes_[i].end = std::max(removes_[i].end, removes_[i - 1].end);
    }
  }

  const char* WrongWithHit(const Event& read) const {
    const auto set = sets_.find(read.value);
    if (set == sets_.end()) return "a hit of a value that was never set";
    if (set->second.begin > read.end) return "a hit of a value set later";
    if (write_spans_.AnyBetween(set->second.end, read.begin)) {
      return "a hit of a value that had been replaced or removed";
    }
    return nullptr;
  }

  const char* WrongWithMiss(const Event& read) const {
    // Of the removals that began before the read ended, the one that ended last
    // explains most.
    const auto next = std::upper_bound(
        removes_.begin(), removes_.end(), read.end,
        [](int64_t moment, const Event& e) { return moment < e.begin; });
    if (set_spans_.AnyBetween(std::prev(next)->end, read.begin)) {
      return "a miss of an entry that had been set";
    }
    return nullptr;
  }

  std::unordered_map<uint64_t, Event> sets_;  // by value
  std::vector<Event> removes_;
  std::vector<Event> reads_;
  Writes set_spans_;
  Writes write_spans_;  // sets and removals
};

}  // namespace

std::vector<std::string> FindImpossible(std::span<const Event> events,
                                        Misses misses) {
  std::map<int32_t, KeyHistory> keys;
  for (const Event& event : events) keys[event.key].Add(event);
  std::vector<std::string> found;
  for (auto& [key, history] : keys) history.FindImpossible(misses, found);
  return found;
}

}  // namespace appcache
