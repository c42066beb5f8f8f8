// The typed interface of the cache, in a store of 10,000 entries: keys of two
// segments and values that are copied to a std::string.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/frame/program.h"
#include "bench/items.h"
#include "bench/peers/appcache_peer.h"
#include "bench/peers/cases.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

using StringKey = Key<std::string>;

StringKey KeyOf(const Item& item) { return StringKey(kPeerSegment, item.id); }

std::vector<StringKey> KeysOf(const std::vector<Item>& items) {
  std::vector<StringKey> keys;
  keys.reserve(items.size());
  for (const Item& item : items) keys.push_back(KeyOf(item));
  return keys;
}

// `operation(cache, key, item)` returns whether it succeeded.
template <class Operation>
void Register(const std::string& name, const Operation& operation) {
  const PeerSpec spec{.peer = "appcache", .entries = kPeerEntries[0]};
  RegisterPeerCase(name, spec, [=](benchmark::State& state) {
    PeerStore& store = StoreFor(spec);
    SqliteCache& cache = static_cast<AppcachePeer&>(store.peer()).cache();
    static const auto& keys =
        *new std::vector<StringKey>(KeysOf(store.items()));
    Cursor cursor(store.order(), state.thread_index(), state.threads());
    MeasureWarm(state, [&] {
      const uint32_t at = cursor.Next();
      return operation(cache, keys[at], store.items()[at]);
    });
    FlushIn(state, store.peer());
  });
}

bool HasValue(const Lookup<std::string>& found) {
  return found && found->size() == kPeerValueBytes;
}

std::string Unexpected() { Fail("GetVia ran a loader"); }

}  // namespace

void RegisterTypedCases() {
  Register("key", [](SqliteCache&, const StringKey&, const Item& item) {
    const StringKey key = KeyOf(item);
    benchmark::DoNotOptimize(key.view().data());
    benchmark::ClobberMemory();
    return true;
  });
  Register("get_typed", [](SqliteCache& cache, const StringKey& key,
                           const Item&) { return HasValue(cache.Get(key)); });
  Register("get_typed_new_key",
           [](SqliteCache& cache, const StringKey&, const Item& item) {
             return HasValue(cache.Get(KeyOf(item)));
           });
  Register("get_read",
           [](SqliteCache& cache, const StringKey& key, const Item&) {
             const auto found = cache.Read(key, [](std::string_view value) {
               benchmark::DoNotOptimize(value.data()[0]);
             });
             return found && *found == kPeerValueBytes;
           });
  Register("get_via",
           [](SqliteCache& cache, const StringKey& key, const Item&) {
             return cache.GetVia(key, Unexpected).size() == kPeerValueBytes;
           });
}

}  // namespace appcache::bench
