// Peer: a cache inside the process, and the list of those that are compared.
//
// Each peer is a source file of its own, so that a program contains those whose
// libraries are installed. Every case calls every peer through this interface,
// which costs all of them one virtual call.

#ifndef APPCACHE_BENCH_PEERS_PEER_H_
#define APPCACHE_BENCH_PEERS_PEER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace appcache::bench {

// Thread-safe, except that Probe is not while Set runs. A read returns the size
// of the value, or 0 for a miss. A form of read that the peer does not have is
// never called.
class Peer {
 public:
  Peer() = default;
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Reads the first byte of the value where it is stored.
  virtual size_t View(std::string_view path);
  // Takes a handle that keeps the value alive, and releases it.
  virtual size_t Share(std::string_view path);
  // Copies the value to a new string, or to one that has the capacity.
  virtual size_t Copy(std::string_view path);
  virtual size_t CopyInto(std::string_view path, std::string& value);

  virtual bool Set(std::string_view path, std::string_view value) = 0;
  virtual bool Remove(std::string_view path);

  // Does the work that a case has deferred, so that the next case does not.
  virtual bool Flush() { return true; }
};

enum Forms : unsigned {
  kView = 1,
  kShare = 2,
  kCopy = 4,
  kCopyInto = 8,
  kWrites = 16,
};

struct PeerType {
  std::string name;
  unsigned forms;
  // An empty cache for at least `capacity` entries. One that is full evicts.
  std::unique_ptr<Peer> (*open)(size_t capacity);

  bool has(Forms form) const { return (forms & form) != 0; }
};

// The peers of this program, in the order of their names.
const std::vector<PeerType>& Peers();

// Adds a peer before main:
//   const AddPeer kAdded({"name", kView | kWrites, &Open});
struct AddPeer {
  explicit AddPeer(PeerType type);
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_PEERS_PEER_H_
