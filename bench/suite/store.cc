#include "bench/suite/store.h"

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

constexpr size_t kMaxStoredBytes = size_t{2} << 30;

// What an entry occupies beside its value, roughly.
constexpr size_t kEntryBytes = 300;

// One `make(key)` for each key.
template <class Key, class Make>
const auto& Made(const Key& key, const Make& make) {
  using Value = decltype(make(key));
  static std::mutex mutex;
  static auto& by_key = *new std::map<Key, Value>();
  const std::lock_guard<std::mutex> guard(mutex);
  const auto found = by_key.find(key);
  if (found != by_key.end()) return found->second;
  return by_key.emplace(key, make(key)).first->second;
}

class Stores {
 public:
  std::shared_ptr<Store> For(const StoreSpec& spec, int thread) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (thread == 0) {
      if (Find(spec) == nullptr) Make(spec);
      made_.notify_all();
    }
    std::shared_ptr<Store> found;
    made_.wait(lock, [&] { return (found = Find(spec)) != nullptr; });
    return found;
  }

  void Clear() {
    const std::lock_guard<std::mutex> guard(mutex_);
    kept_.clear();
  }

 private:
  struct Kept {
    StoreSpec spec;
    std::shared_ptr<Store> store;
  };

  static size_t BytesOf(const StoreSpec& spec) {
    return spec.entries * (spec.value_bytes + kEntryBytes);
  }

  std::shared_ptr<Store> Find(const StoreSpec& spec) {
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if (kept->spec == spec) {
        kept_.splice(kept_.begin(), kept_, kept);
        return kept->store;
      }
    }
    return nullptr;
  }

  void Make(const StoreSpec& spec) {
    size_t bytes = BytesOf(spec);
    for (const Kept& kept : kept_) bytes += BytesOf(kept.spec);
    while (bytes > kMaxStoredBytes && !kept_.empty()) {
      bytes -= BytesOf(kept_.back().spec);
      kept_.pop_back();
    }
    kept_.push_front({spec, std::make_shared<Store>(spec)});
  }

  std::mutex mutex_;
  std::condition_variable made_;
  std::list<Kept> kept_;  // the one that was used last is the first
};

Stores& AllStores() {
  static Stores& stores = *new Stores;
  return stores;
}

}  // namespace

const std::vector<Item>& StoredItems(size_t entries) {
  return Made(entries,
              [](size_t n) { return MakeItems(kStoredIds, n, kSegment); });
}

const std::vector<Item>& NewItems(size_t entries) {
  return Made(entries,
              [](size_t n) { return MakeItems(kAbsentIds, 2 * n, kSegment); });
}

const std::vector<uint32_t>& DrawsOf(Distribution distribution,
                                     size_t entries) {
  return Made(std::pair(distribution, entries),
              [](const auto& key) { return MakeDraws(key.first, key.second); });
}

Store::Store(const StoreSpec& spec)
    : items_(StoredItems(spec.entries)),
      new_(&NewItems(spec.entries)),
      value_(MakeValue(spec.value_bytes)),
      side_(SideNamed(spec.side).open({.entries = spec.entries,
                                       .value_bytes = spec.value_bytes,
                                       .is_full = spec.is_full})) {
  side_->Fill(items_, value_);
  Must(side_->Flush(), "cannot flush " + spec.side);
  // Not a full one, whose entries are evicted in the order of their use.
  if (SideNamed(spec.side).place == "memory" && !spec.is_full) ReadAMillion();
}

void Store::ReadAMillion() {
  using Clock = std::chrono::steady_clock;
  constexpr size_t kReads = size_t{1} << 20;
  constexpr size_t kBetweenClocks = 1024;
  const auto end = Clock::now() + std::chrono::milliseconds(100);
  Session& session = side_->SessionOf(0);
  for (size_t i = 0; i < kReads; ++i) {
    if (i % kBetweenClocks == 0 && Clock::now() >= end) break;
    Must(session.Get(items_[i % items_.size()]) == value_.size(),
         "a filled side misses");
  }
}

std::span<const Item> Store::TakeNew(size_t count) {
  assert(count > 0 && count <= items_.size());
  const std::span<const Item> all(new_items());
  const size_t parts = all.size() / count;
  return all.subspan(taken_.fetch_add(1) % parts * count, count);
}

std::shared_ptr<Store> StoreFor(const StoreSpec& spec, int thread) {
  return AllStores().For(spec, thread);
}

void DestroyStores() { AllStores().Clear(); }

}  // namespace appcache::bench
