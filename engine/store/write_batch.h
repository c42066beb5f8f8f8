// WriteBatch: the changes of one write transaction.
//
// Every write to the tables is a batch: puts, removals and accesses, which
// Writer::Apply applies in order and in one transaction. What the transaction
// removed is its result (WriteResult).

#ifndef APPCACHE_ENGINE_STORE_WRITE_BATCH_H_
#define APPCACHE_ENGINE_STORE_WRITE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/policy/eviction.h"

namespace appcache::store {

// The last_used of a row that gets the next tick of its transaction.
inline constexpr int64_t kNextTick = std::numeric_limits<int64_t>::min();

// A row of the tables.
struct Row {
  int64_t h = 0;
  std::string_view key;
  std::string_view value;
  int64_t expires_at_ms = 0;  // 0: never
  int64_t last_used = kNextTick;
};

// Not thread-safe. Views must stay valid until the batch was applied. A batch
// of one change does not allocate.
class WriteBatch {
 public:
  struct Change {
    enum class Kind : uint8_t {
      kPut,
      kPutIfAbsent,
      kSetExpiry,
      kRemoveKey,
      kRemovePrefix,
      kRemoveHash,
    };
    Kind kind;
    Row row;
    int64_t now_ms = 0;  // of kPutIfAbsent and kSetExpiry
  };

  // Inserts the row, or replaces the row with its h.
  void Put(const Row& row) { Add({Change::Kind::kPut, row}); }

  // The same, if there is no row with its key, or only one that had expired at
  // `now_ms`. WriteResult::added says so.
  void PutIfAbsent(const Row& row, int64_t now_ms) {
    Add({Change::Kind::kPutIfAbsent, row, now_ms});
  }

  // Gives the row with this h and key another expiry time, and the next tick,
  // unless it had expired at `now_ms`. WriteResult::found says whether there is
  // such a row.
  void SetExpiry(int64_t h, std::string_view key, int64_t expires_at_ms,
                 int64_t now_ms) {
    Add({Change::Kind::kSetExpiry, {h, key, {}, expires_at_ms}, now_ms});
  }

  // Removes the row with this h if it has this key.
  void RemoveKey(int64_t h, std::string_view key) {
    Add({Change::Kind::kRemoveKey, {h, key, {}}});
  }

  // Removes the row with this h if its key starts with `prefix`.
  void RemoveIfStartsWith(int64_t h, std::string_view prefix) {
    Add({Change::Kind::kRemovePrefix, {h, prefix, {}}});
  }

  // Removes what there is with this h: both rows, or only one of them.
  void Remove(int64_t h) { Add({Change::Kind::kRemoveHash, {h, {}, {}}}); }

  // Removes every row, before the other changes are applied.
  void Clear() { clears_ = true; }

  // Raises the last_used of entries; entries that do not exist are skipped. A
  // view: the accesses must stay valid until the batch was applied.
  void SetAccesses(std::span<const policy::Access> accesses) {
    accesses_ = accesses;
  }

  // Stops after the change that takes the removed bytes to this, so that the
  // transaction stays short. WriteResult::applied says how many were applied.
  void LimitRemovedBytes(int64_t bytes) { max_removed_bytes_ = bytes; }

  bool clears() const noexcept { return clears_; }
  // Whether it may store a row, or change one.
  bool puts() const noexcept { return puts_; }
  std::span<const policy::Access> accesses() const noexcept {
    return accesses_;
  }
  int64_t max_removed_bytes() const noexcept { return max_removed_bytes_; }

  size_t size() const noexcept { return first_ ? 1 + rest_.size() : 0; }
  // REQUIRES: i < size().
  const Change& operator[](size_t i) const noexcept {
    return i == 0 ? *first_ : rest_[i - 1];
  }

  // Makes room for `count` changes. Throws std::bad_alloc.
  void Reserve(size_t count) {
    if (count > 1) rest_.reserve(count - 1);
  }

 private:
  void Add(const Change& change) {
    puts_ = puts_ || change.kind == Change::Kind::kPut ||
            change.kind == Change::Kind::kPutIfAbsent ||
            change.kind == Change::Kind::kSetExpiry;
    if (first_) {
      rest_.push_back(change);
    } else {
      first_ = change;
    }
  }

  std::optional<Change> first_;
  std::vector<Change> rest_;
  std::span<const policy::Access> accesses_;
  int64_t max_removed_bytes_ = std::numeric_limits<int64_t>::max();
  bool clears_ = false;
  bool puts_ = false;
};

// What a transaction has done. Valid once it was committed.
struct WriteResult {
  size_t applied = 0;            // changes, in the order of the batch
  bool added = false;            // by a PutIfAbsent
  bool found = false;            // by a SetExpiry
  std::vector<int64_t> removed;  // by the batch's removals, by h
  uint64_t cleared = 0;          // entries that Clear removed
  policy::Evicted evicted;       // by the hooks
  policy::Counts counts;         // after the transaction
  // The transaction is nested in one of a borrowed connection's owner, who may
  // still undo it.
  bool may_be_undone = false;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_WRITE_BATCH_H_
