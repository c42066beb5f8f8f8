// Hits of other policies than LRU, at one capacity: what to compare a curve
// with. Keys are dense: 0, 1, ... Every entry has size 1.

#ifndef APPCACHE_TOOLS_CURVE_SIMULATORS_H_
#define APPCACHE_TOOLS_CURVE_SIMULATORS_H_

#include <cstdint>
#include <span>

namespace appcache::curve {

struct Access {
  enum class Operation : uint8_t {
    kRequest,  // inserts the key if it is missing
    kInsert,   // the same, and replaces a key that is there; cannot hit
    kRemove,
  };

  uint32_t key = 0;
  Operation operation = Operation::kRequest;
};

// The requests that hit a cache of `capacity` entries that starts empty.
// Memory: some bytes a key and an access. All throw std::bad_alloc.

// Evicts what was inserted first.
uint64_t FifoHits(std::span<const Access> trace, uint64_t capacity);

// S3-FIFO (Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for
// cache eviction", SOSP 2023): a small queue of a tenth of the entries, a main
// queue of the others, and a ghost queue of as many keys as the main queue. To
// insert a key that is there is a use.
uint64_t S3FifoHits(std::span<const Access> trace, uint64_t capacity);

// Evicts what is requested again last, or never: no policy that inserts on
// every miss has more hits (Belady, "A study of replacement algorithms for a
// virtual-storage computer", 1966). A key that is inserted or removed before it
// is requested again is requested never.
uint64_t OptimalHits(std::span<const Access> trace, uint64_t capacity);

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_SIMULATORS_H_
