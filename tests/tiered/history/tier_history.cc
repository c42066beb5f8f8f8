#include "tests/tiered/history/tier_history.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

namespace appcache {
namespace {

constexpr size_t kMaxLines = 100;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

std::string Ms(int64_t ns) {
  return std::to_string(static_cast<double>(ns) / 1e6) + " ms";
}

// Acknowledged writes of one key, ordered by when they began.
class Writes {
 public:
  void Add(const HistoryEvent& event) { writes_.push_back(event); }

  void Sort() {
    std::ranges::sort(writes_, {}, &HistoryEvent::begin);
    earliest_end_.assign(writes_.size() + 1, kNever);
    for (size_t i = writes_.size(); i-- > 0;) {
      earliest_end_[i] = std::min(earliest_end_[i + 1], writes_[i].end);
    }
  }

  // The earliest end of the writes that began after `time`.
  int64_t EarliestEndAfter(int64_t time) const {
    const auto later =
        std::ranges::upper_bound(writes_, time, {}, &HistoryEvent::begin);
    return earliest_end_[static_cast<size_t>(later - writes_.begin())];
  }

 private:
  std::vector<HistoryEvent> writes_;
  std::vector<int64_t> earliest_end_ = {kNever};  // of writes_ from there on
};

// All events of one key.
struct KeyHistory {
  std::unordered_map<uint64_t, HistoryEvent> sets;
  Writes all;
  std::map<int32_t, Writes> by_process;
  std::vector<HistoryEvent> hits;
};

// Why a hit is a violation; empty if it is none.
std::string ViolationOf(const KeyHistory& key, const HistoryEvent& hit,
                        const TierGuarantees& guarantees) {
  const auto found = key.sets.find(hit.value);
  if (found == key.sets.end()) return "was never written";
  const HistoryEvent& set = found->second;
  if (set.begin > hit.end) return "was written later";
  if (set.ttl_ns != 0) {
    const int64_t late =
        hit.begin - (set.end + set.ttl_ns + guarantees.ttl_slack.count());
    if (set.is_acknowledged != 0 && late > 0) {
      return "had expired " + Ms(late) + " before";
    }
  }
  // It is unknown when the server applied this set.
  if (set.is_acknowledged == 0) return "";
  const auto own = key.by_process.find(hit.process);
  if (own != key.by_process.end()) {
    const int64_t end = own->second.EarliestEndAfter(set.end);
    if (end != kNever && end < hit.begin) {
      return "was replaced by the reader's own process " + Ms(hit.begin - end) +
             " before";
    }
  }
  const int64_t end = key.all.EarliestEndAfter(set.end);
  if (end != kNever && hit.begin - end > guarantees.max_staleness.count()) {
    return "was replaced by another process " + Ms(hit.begin - end) + " before";
  }
  return "";
}

}  // namespace

std::vector<std::string> FindViolations(std::span<const HistoryEvent> events,
                                        const TierGuarantees& guarantees) {
  std::map<int32_t, KeyHistory> keys;
  for (const HistoryEvent& event : events) {
    KeyHistory& key = keys[event.key];
    if (event.kind == HistoryEvent::Kind::kHit) key.hits.push_back(event);
    if (event.kind == HistoryEvent::Kind::kSet) {
      key.sets.emplace(event.value, event);
    }
    const bool is_write = event.kind == HistoryEvent::Kind::kSet ||
                          event.kind == HistoryEvent::Kind::kRemove;
    if (is_write && event.is_acknowledged != 0) {
      key.all.Add(event);
      key.by_process[event.process].Add(event);
    }
  }
  std::vector<std::string> violations;
  for (auto& [number, key] : keys) {
    key.all.Sort();
    for (auto& [process, writes] : key.by_process) writes.Sort();
    for (const HistoryEvent& hit : key.hits) {
      const std::string violation = ViolationOf(key, hit, guarantees);
      if (violation.empty()) continue;
      violations.push_back("key " + std::to_string(number) + ": process " +
                           std::to_string(hit.process) + " read value " +
                           std::to_string(hit.value) + ", which " + violation);
      if (violations.size() == kMaxLines) return violations;
    }
  }
  return violations;
}

}  // namespace appcache
