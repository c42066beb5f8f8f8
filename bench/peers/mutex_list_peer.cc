// The cache that programs write for themselves: a mutex, a list in the order of
// use, and a hash table. A get returns a shared pointer to the value.

#include <benchmark/benchmark.h>

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

class MutexListPeer final : public SharedSide {
 public:
  explicit MutexListPeer(const Room& room) : capacity_(room.capacity()) {
    by_key_.reserve(capacity_);
  }

  size_t Get(const Item& item) override {
    const Value value = Find(item.path());
    if (value == nullptr) return 0;
    benchmark::DoNotOptimize((*value)[0]);
    return value->size();
  }

  size_t Copy(const Item& item) override {
    const Value value = Find(item.path());
    if (value == nullptr) return 0;
    const std::string copy = *value;
    benchmark::DoNotOptimize(copy.data());
    return copy.size();
  }

  bool Set(const Item& item, std::string_view value) override {
    auto stored = std::make_shared<const std::string>(value);
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = by_key_.find(item.path());
    if (found != by_key_.end()) {
      found->second->value.swap(stored);
      entries_.splice(entries_.begin(), entries_, found->second);
      return true;
    }
    if (by_key_.size() == capacity_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({std::string(item.path()), std::move(stored)});
    by_key_.emplace(entries_.front().key, entries_.begin());
    return true;
  }

  bool Remove(const Item& item) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = by_key_.find(item.path());
    if (found == by_key_.end()) return true;
    const auto entry = found->second;
    by_key_.erase(found);
    entries_.erase(entry);
    return true;
  }

 private:
  using Value = std::shared_ptr<const std::string>;
  struct Entry {
    std::string key;
    Value value;
  };

  Value Find(std::string_view key) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  const size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the one that was used last is the first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
};

const AddSide kAdded({"mutex_list", "memory", kCopy | kEvicts | kWrites,
                      OpenSide<MutexListPeer>});

}  // namespace
}  // namespace appcache::bench
