// StackDistances: how deep in an exact LRU each access finds its key.
//
// The distance of an access is the number of different keys since the previous
// access of its key, counted with it. An LRU of c entries that inserts on every
// miss hits exactly the accesses whose distance is at most c, so one pass gives
// the hits of every capacity (Mattson, Gecsei, Slutz and Traiger, "Evaluation
// techniques for storage hierarchies", 1970).
//
// A key that is removed leaves a hole at its depth: a cache that had it has
// room for one more then, but what it has evicted before does not return. The
// next access moves the keys above the topmost hole down by one, and no others.
// If it finds its key below that hole, the hole is then where the key was.

#ifndef APPCACHE_TOOLS_CURVE_STACK_DISTANCES_H_
#define APPCACHE_TOOLS_CURVE_STACK_DISTANCES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace appcache::curve {

// Not thread-safe. An access costs O(log n) for n keys. Memory: about 80 bytes
// a key. Functions may throw std::bad_alloc; the object is then unusable.
class StackDistances {
 public:
  // What Access returns for a key that was not accessed before.
  static constexpr uint64_t kFirst = 0;

  // The distance of the next access, which is one of `key`: at least 1.
  uint64_t Access(uint64_t key);

  // Forgets the key, and leaves a hole. Nothing happens if it is not known.
  void Remove(uint64_t key);

  // Forgets the key without a hole, as if it had never been accessed. Returns
  // the distance that an access would have had; kFirst: it is not known.
  uint64_t Take(uint64_t key);

  // Removes the last key or hole of the stack. Returns the key; none for a
  // hole. REQUIRES: depth() > 0.
  std::optional<uint64_t> RemoveDeepest();

  // The number of keys, and that of keys and holes.
  size_t size() const noexcept { return last_.size(); }
  size_t depth() const noexcept { return last_.size() + holes_.size(); }

 private:
  // Positions are 1, 2, ... A position is marked while it is the last access of
  // its key, or a hole. Adds `delta` to the mark of one.
  void Mark(size_t position, uint32_t delta) noexcept;
  // The number of marks at positions up to this one.
  uint64_t MarksUpTo(size_t position) const noexcept;
  // The depth of a marked position: 1 is the top.
  uint64_t DepthOf(size_t position) const noexcept {
    return depth() - MarksUpTo(position) + 1;
  }
  // Removes the topmost hole, if there is one.
  void FillHole();
  // Moves the marks together, in order, so that as many positions are free.
  void Compact();

  std::unordered_map<uint64_t, size_t> last_;  // the marked position, by key
  std::vector<uint64_t> keys_{0};              // by position
  // Partial sums of the marks: node i has those of the (i & -i) positions that
  // end with i (Fenwick, "A new data structure for cumulative frequency
  // tables", 1994).
  std::vector<uint32_t> tree_{0};
  std::set<size_t> holes_;
  size_t deepest_ = 1;  // no position before it is marked
};

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_STACK_DISTANCES_H_
