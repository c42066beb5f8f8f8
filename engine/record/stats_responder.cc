#include "engine/record/stats_responder.h"

#include <unistd.h>

#include <mutex>

#include "engine/record/slot_owner.h"

namespace appcache::internal {
namespace {

StatsSlot* TakeSlot(RecorderLayout& layout) noexcept {
  const auto self = static_cast<uint64_t>(getpid());
  for (StatsSlot& slot : layout.stats) {
    uint64_t owner = 0;
    if (slot.owner.compare_exchange_strong(owner, self)) return &slot;
  }
  // A child of the program that was killed has not freed its slots.
  for (StatsSlot& slot : layout.stats) {
    uint64_t owner = slot.owner.load();
    if (owner != self && HasExited(owner) &&
        slot.owner.compare_exchange_strong(owner, self)) {
      return &slot;
    }
  }
  layout.header.unlisted.fetch_add(1);
  return nullptr;
}

}  // namespace

StatsResponder::StatsResponder(RecorderLayout& layout, const CacheNames& names,
                               uint64_t (*now_ms)()) noexcept
    : layout_(layout), now_ms_(now_ms), slot_(TakeSlot(layout)) {
  SetNames(names, record_);
  if (slot_ != nullptr) StoreRecord(record_, *slot_);
}

StatsResponder::~StatsResponder() {
  if (fork_guard_.in_child()) return;
  if (slot_ == nullptr) {
    layout_.header.unlisted.fetch_sub(1);
    return;
  }
  // Odd: nothing can be read until the next owner has stored its names.
  slot_->version.fetch_or(1);
  slot_->owner.store(0);
}

void StatsResponder::Answer(FunctionRef<CacheStats()> stats) noexcept {
  RecorderHeader& header = layout_.header;
  const uint32_t question =
      QuestionOf(header.wanted.load(std::memory_order_acquire));
  if (question == 0) return;
  if (slot_ == nullptr || fork_guard_.in_child() ||
      answered_.load(std::memory_order_relaxed) == question) {
    if (now_ms_() > header.question_lease_ms.load(std::memory_order_acquire)) {
      EndQuestion(header, question);
    }
    return;
  }
  if (!writing_.try_lock()) return;
  const SpinLockGuard writing(writing_, std::adopt_lock);
  if (answered_.load(std::memory_order_relaxed) == question) return;
  SetStats(stats(), record_);
  record_.question = question;
  StoreRecord(record_, *slot_);
  answered_.store(question, std::memory_order_relaxed);
}

}  // namespace appcache::internal
