#include "tests/engine/lru_model.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace appcache {
namespace {

int64_t FloorToMs(TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time)
      .time_since_epoch()
      .count();
}

}  // namespace

int64_t LruModel::EndOf(Ttl ttl) const {
  if (ttl == kNoTtl) return 0;
  return std::chrono::ceil<std::chrono::milliseconds>(now_ + ttl)
      .time_since_epoch()
      .count();
}

bool LruModel::HasEnded(const Entry& entry) const {
  return entry.ends_ms != 0 && entry.ends_ms <= FloorToMs(now_);
}

bool LruModel::HasEnd(int64_t ends_ms) const {
  return std::any_of(order_.begin(), order_.end(), [&](const Entry& entry) {
    return entry.ends_ms == ends_ms;
  });
}

LruModel::Order::iterator LruModel::Find(std::string_view path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? order_.end() : found->second;
}

void LruModel::Remove(Order::iterator entry) {
  bytes_ -= entry->bytes();
  by_path_.erase(entry->path);
  order_.erase(entry);
}

std::optional<std::string> LruModel::Get(std::string_view path) {
  const auto found = Find(path);
  if (found == order_.end() || HasEnded(*found)) return std::nullopt;
  order_.splice(order_.end(), order_, found);
  return found->value;
}

std::optional<Ttl> LruModel::TtlOf(std::string_view path) const {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  const Entry& entry = *found->second;
  if (HasEnded(entry)) return std::nullopt;
  return entry.ends_ms == 0 ? kNoTtl : Ttl(entry.ends_ms - FloorToMs(now_));
}

bool LruModel::IsOver() const {
  return entries() > limits_.max_entries ||
         (limits_.max_bytes && bytes_ > *limits_.max_bytes);
}

bool LruModel::RemoveOneEnded() {
  auto first = order_.end();
  for (auto it = order_.begin(); it != order_.end(); ++it) {
    if (!HasEnded(*it)) continue;
    if (first == order_.end() || it->ends_ms < first->ends_ms) first = it;
  }
  if (first == order_.end()) return false;
  Remove(first);
  ++expirations_;
  return true;
}

bool LruModel::Set(std::span<const RawEntry> entries) {
  bool all_fit = true;
  for (const RawEntry& raw : entries) {
    Entry entry{std::string(raw.path), std::string(raw.value), EndOf(raw.ttl)};
    const auto old = Find(raw.path);
    if (old != order_.end()) Remove(old);
    if (limits_.max_bytes && entry.bytes() > *limits_.max_bytes) {
      all_fit = false;
      continue;
    }
    bytes_ += entry.bytes();
    order_.push_back(std::move(entry));
    by_path_[order_.back().path] = std::prev(order_.end());
  }
  while (IsOver()) {
    if (RemoveOneEnded()) continue;
    Remove(order_.begin());
    ++evictions_;
  }
  return all_fit;
}

void LruModel::Invalidate(std::string_view path) {
  const auto found = Find(path);
  if (found != order_.end()) Remove(found);
}

std::optional<bool> LruModel::Add(const RawEntry& entry) {
  const uint64_t bytes = entry.path.size() + entry.value.size();
  if (limits_.max_bytes && bytes > *limits_.max_bytes) return std::nullopt;
  const auto found = Find(entry.path);
  if (found != order_.end() && !HasEnded(*found)) return false;
  return Set({&entry, 1});
}

void LruModel::InvalidatePrefix(std::string_view prefix) {
  for (auto entry = order_.begin(); entry != order_.end();) {
    const auto next = std::next(entry);
    if (std::string_view(entry->path).starts_with(prefix)) Remove(entry);
    entry = next;
  }
}

void LruModel::Clear() {
  order_.clear();
  by_path_.clear();
  bytes_ = 0;
}

void LruModel::Sweep(uint64_t most) {
  for (uint64_t i = 0; i < most && RemoveOneEnded(); ++i) {
  }
}

std::map<std::string, LruModel::Visible> LruModel::AllVisible() const {
  std::map<std::string, Visible> visible;
  for (const Entry& entry : order_) {
    if (!HasEnded(entry)) visible[entry.path] = {entry.value, entry.ends_ms};
  }
  return visible;
}

std::vector<std::string> LruModel::VisibleOrder() const {
  std::vector<std::string> paths;
  for (const Entry& entry : order_) {
    if (!HasEnded(entry)) paths.push_back(entry.path);
  }
  return paths;
}

}  // namespace appcache
