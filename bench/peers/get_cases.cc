// Gets of keys that exist (Zipf), in each form that a peer has, and of keys
// that do not, in its cheapest form.

#include <benchmark/benchmark.h>

#include <string>

#include "bench/items.h"
#include "bench/peers/cases.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

template <class Get>
void RegisterGet(const std::string& operation, const PeerSpec& spec,
                 bool is_hit, const Get& get) {
  const auto run = [=](benchmark::State& state) {
    PeerStore& store = StoreFor(spec);
    const std::vector<Item>& items =
        is_hit ? store.items() : NewItems(spec.entries);
    Cursor cursor(store.order(), state.thread_index(), state.threads());
    std::string buffer;
    Peer& peer = store.peer();
    const size_t expected = is_hit ? kPeerValueBytes : 0;
    MeasureWarm(state, [&] {
      return get(peer, items[cursor.Next()].path(), buffer) == expected;
    });
    FlushIn(state, peer);
  };
  RegisterPeerCase(operation, spec, run);
}

// The cost of the loop itself and of fetching the key, which every other case
// includes.
void RegisterLoop(size_t entries) {
  const auto run = [=](benchmark::State& state) {
    const std::vector<Item>& items = StoredItems(entries);
    Cursor cursor(StoredOrder(entries), state.thread_index(), state.threads());
    MeasureWarm(state, [&] {
      benchmark::DoNotOptimize(items[cursor.Next()].path().data()[0]);
      return true;
    });
  };
  RegisterPeerCase("loop", {.peer = "none", .entries = entries}, run);
}

size_t View(Peer& peer, std::string_view path, std::string&) {
  return peer.View(path);
}
size_t Share(Peer& peer, std::string_view path, std::string&) {
  return peer.Share(path);
}
size_t Copy(Peer& peer, std::string_view path, std::string&) {
  return peer.Copy(path);
}
size_t CopyInto(Peer& peer, std::string_view path, std::string& value) {
  return peer.CopyInto(path, value);
}

}  // namespace

void RegisterPeerGets() {
  for (const size_t entries : kPeerEntries) {
    RegisterLoop(entries);
    for (const PeerType& type : Peers()) {
      const PeerSpec spec{.peer = type.name, .entries = entries};
      const bool has_view = type.has(kView);
      if (has_view) RegisterGet("get_view", spec, true, View);
      if (type.has(kShare)) RegisterGet("get_share", spec, true, Share);
      if (type.has(kCopy)) RegisterGet("get_copy", spec, true, Copy);
      if (type.has(kCopyInto)) RegisterGet("get_into", spec, true, CopyInto);
      RegisterGet("get_miss", spec, false, has_view ? View : Share);
    }
  }
}

}  // namespace appcache::bench
