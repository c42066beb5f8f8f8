#include "bench/peers/peer.h"

#include <algorithm>
#include <utility>

#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

std::vector<PeerType>& MutablePeers() {
  static auto& peers = *new std::vector<PeerType>();
  return peers;
}

[[noreturn]] void FailUnsupported() {
  Fail("a peer was called in a form that it does not have");
}

}  // namespace

size_t Peer::View(std::string_view) { FailUnsupported(); }
size_t Peer::Share(std::string_view) { FailUnsupported(); }
size_t Peer::Copy(std::string_view) { FailUnsupported(); }
size_t Peer::CopyInto(std::string_view, std::string&) { FailUnsupported(); }
bool Peer::Remove(std::string_view) { FailUnsupported(); }

const std::vector<PeerType>& Peers() { return MutablePeers(); }

AddPeer::AddPeer(PeerType type) {
  std::vector<PeerType>& peers = MutablePeers();
  const auto after = std::upper_bound(
      peers.begin(), peers.end(), type,
      [](const PeerType& a, const PeerType& b) { return a.name < b.name; });
  peers.insert(after, std::move(type));
}

}  // namespace appcache::bench
