#include "engine/record/stats_question.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/record/slot_owner.h"

namespace appcache::internal {
namespace {

// Numbers of questions wrap around.
bool IsFrom(uint64_t question, uint32_t first) noexcept {
  return question != 0 &&
         static_cast<int32_t>(static_cast<uint32_t>(question) - first) >= 0;
}

}  // namespace

bool HaveAllAnswered(const std::vector<CacheAnswer>& answers) noexcept {
  return !answers.empty() && std::all_of(answers.begin(), answers.end(),
                                         [](const CacheAnswer& answer) {
                                           return answer.has_answered;
                                         });
}

StatsQuestion::~StatsQuestion() { EndQuestion(layout_.header, last_); }

void StatsQuestion::Ask(uint64_t now_ms) noexcept {
  RecorderHeader& header = layout_.header;
  header.question_lease_ms.store(now_ms + kLeaseMs, std::memory_order_release);
  // Another command may have replaced the question, or withdrawn its own.
  const uint32_t pending = QuestionOf(header.wanted.load());
  if (last_ != 0 && IsFrom(pending, first_)) return;
  do {
    last_ = header.last_question.fetch_add(1) + 1;
  } while (last_ == 0);
  if (first_ == 0) first_ = last_;
  SetQuestion(header, last_);
}

std::vector<CacheAnswer> StatsQuestion::Answers() const {
  std::vector<CacheAnswer> answers;
  for (const StatsSlot& slot : layout_.stats) {
    StatsRecord record;
    CacheAnswer answer;
    answer.owner = slot.owner.load(std::memory_order_acquire);
    if (answer.owner == 0) continue;
    answer.status = LoadRecord(slot, record);
    if (answer.status.ok()) {
      answer.names = NamesOf(record);
      answer.has_answered = IsFrom(record.question, first_);
      if (answer.has_answered) answer.stats = StatsOf(record);
    }
    // A child of the program that was killed has not freed its slots.
    if (!answer.has_answered && !answer.status.Is(ErrorCode::kCorrupt) &&
        HasExited(answer.owner)) {
      continue;
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace appcache::internal
