// StatsQuestion: the command's side of a recorder file.

#ifndef APPCACHE_ENGINE_RECORD_STATS_QUESTION_H_
#define APPCACHE_ENGINE_RECORD_STATS_QUESTION_H_

#include <cstdint>
#include <vector>

#include "appcache/error.h"
#include "appcache/stats.h"
#include "engine/record/recorder_layout.h"
#include "engine/record/stats_record.h"

namespace appcache::internal {

// What a slot of the file has.
struct CacheAnswer {
  uint64_t owner = 0;  // the process of the cache
  bool has_answered = false;
  // kBusy: the slot changes now; kCorrupt: it is damaged. The rest, except the
  // owner, is then empty.
  Status status;
  CacheNames names;
  CacheStats stats;  // zeros unless has_answered
};

// True if there are caches, and none of them is still waited for.
bool HaveAllAnswered(const std::vector<CacheAnswer>& answers) noexcept;

// Asks the caches of a program for their statistics. Several commands may ask
// at the same time: an answer to a later question answers an earlier one too.
// Does not trust the contents of the file. Not thread-safe.
class StatsQuestion {
 public:
  // A program answers for so long after the last Ask.
  static constexpr uint64_t kLeaseMs = 5000;

  explicit StatsQuestion(RecorderLayout& layout) noexcept : layout_(layout) {}
  // Withdraws the question.
  ~StatsQuestion();
  StatsQuestion(const StatsQuestion&) = delete;
  StatsQuestion& operator=(const StatsQuestion&) = delete;

  // Asks, or keeps the question alive. To be called until all have answered.
  void Ask(uint64_t now_ms) noexcept;

  // One for each cache of the program.
  std::vector<CacheAnswer> Answers() const;

  // How many caches of the program have no slot.
  uint64_t unlisted() const noexcept { return layout_.header.unlisted.load(); }

 private:
  RecorderLayout& layout_;
  // The first question that was asked, and the last; 0: none.
  uint32_t first_ = 0;
  uint32_t last_ = 0;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_STATS_QUESTION_H_
