// SqliteCache in memory beside other caches inside the process: see README.md.

#include <benchmark/benchmark.h>

#include <string>

#include "bench/frame/cases.h"
#include "bench/frame/fixtures.h"
#include "bench/frame/program.h"
#include "bench/peers/cases.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

Fixtures<PeerSpec, PeerStore>& Stores() {
  static auto& stores = *new Fixtures<PeerSpec, PeerStore>();
  return stores;
}

std::string Names() {
  std::string names;
  for (const PeerType& type : Peers()) {
    names += (names.empty() ? "" : ", ") + type.name;
  }
  return names;
}

int Run(int argc, char** argv) {
  const int status = RunProgram(argc, argv, Names(), [] {
    RegisterPeerGets();
    RegisterPeerSets();
    RegisterTypedCases();
  });
  Stores().Clear();
  return status;
}

}  // namespace

PeerStore& StoreFor(const PeerSpec& spec) { return Stores().For(spec); }

void RegisterPeerCase(const std::string& operation, const PeerSpec& spec,
                      const std::function<void(benchmark::State&)>& run,
                      bool manual) {
  const std::string name = operation + "_of_" + std::to_string(spec.entries);
  for (const int threads : {1, 2}) {
    auto* const registered =
        RegisterCase(name, spec.peer.c_str(), "memory", kPeerValueBytes, run);
    registered->Threads(threads);
    if (manual) {
      registered->UseManualTime();
    } else {
      registered->UseRealTime();
    }
  }
}

void FlushIn(benchmark::State& state, Peer& peer) {
  if (!peer.Flush()) state.SkipWithError("flush failed");
}

}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
