#include "bench/peers/store.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "bench/frame/program.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

const PeerType& TypeOf(const std::string& name) {
  const auto found =
      std::find_if(Peers().begin(), Peers().end(),
                   [&](const PeerType& type) { return type.name == name; });
  Must(found != Peers().end(), "there is no peer " + name);
  return *found;
}

// One `make(entries)` for each number of entries.
template <class Make>
const auto& Made(size_t entries, const Make& make) {
  using Value = decltype(make(entries));
  static std::mutex mutex;
  static auto& by_entries = *new std::map<size_t, Value>();
  const std::lock_guard<std::mutex> guard(mutex);
  const auto found = by_entries.find(entries);
  if (found != by_entries.end()) return found->second;
  return by_entries.emplace(entries, make(entries)).first->second;
}

}  // namespace

const std::vector<Item>& StoredItems(size_t entries) {
  return Made(entries,
              [](size_t n) { return MakeItems(kStoredIds, n, kPeerSegment); });
}

const std::vector<uint32_t>& StoredOrder(size_t entries) {
  return Made(entries, [](size_t n) { return ZipfOrder(n); });
}

const std::vector<Item>& NewItems(size_t entries) {
  return Made(entries, [](size_t n) {
    return MakeItems(kAbsentIds, 2 * n, kPeerSegment);
  });
}

PeerStore::PeerStore(const PeerSpec& spec)
    : items_(StoredItems(spec.entries)),
      order_(StoredOrder(spec.entries)),
      value_(MakeValue(kPeerValueBytes)),
      peer_(TypeOf(spec.peer).open(spec.is_full ? spec.entries
                                                : 2 * spec.entries)) {
  for (const Item& item : items_) {
    Must(peer_->Set(item.path(), value_), "cannot fill " + spec.peer);
  }
  Must(peer_->Flush(), "cannot flush " + spec.peer);
}

const Item* PeerStore::TakeNew(size_t count) {
  const std::vector<Item>& items = NewItems(items_.size());
  const size_t rounds = items.size() / count;
  Must(rounds > 0, "a case takes more new keys than there are");
  return &items[taken_.fetch_add(1) % rounds * count];
}

}  // namespace appcache::bench
