// SizeLimit: bounds the pages of a database.
//
// A write that would make the database larger is SQLITE_FULL, and nothing of it
// is applied: SQLite refuses the page before it writes anything to the log. The
// limit has two levels. Writes are held to the lower one. The reserve between
// them is for a write that is retried after an eviction, because an eviction
// frees bytes in many pages and not at once a whole page.

#ifndef APPCACHE_ENGINE_STORE_SIZE_LIMIT_H_
#define APPCACHE_ENGINE_STORE_SIZE_LIMIT_H_

#include <cstdint>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/free_pages.h"
#include "engine/store/statement.h"

namespace appcache::store {

// Not thread-safe: belongs to the holder of the writer lock.
class SizeLimit {
 public:
  // The smallest limit that is accepted. A quarter of it is the reserve and
  // what an empty cache occupies.
  static constexpr uint64_t kMinBytes = uint64_t{1} << 20;

  enum class Level {
    kNormal,     // max_bytes less the reserve
    kReserve,    // max_bytes
    kUnlimited,  // for writes that only remove
  };

  // Limits writes through `connection`, which must outlive this object and has
  // no others that write. REQUIRES: max_bytes >= kMinBytes.
  Status Set(const Connection& connection, uint64_t max_bytes);

  // Returns to the normal level if that has failed before, for want of memory.
  // Call before a write.
  Status Restore() noexcept;

  // Whether a write failed because of the limit, or because a disk is full,
  // which SQLite reports in the same way.
  bool IsReachedBy(const Status& status) const noexcept;

  // Whether `bytes` fit into a database of so many pages. REQUIRES: Set
  // succeeded.
  bool HasRoomFor(uint64_t bytes, const PageCounts& pages) const noexcept;

  // Holds writes to another level during its lifetime. REQUIRES: Set succeeded.
  class At {
   public:
    At(SizeLimit& limit, Level level) noexcept : limit_(limit) {
      limit_.Use(level);
    }
    ~At() { limit_.Use(Level::kNormal); }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    SizeLimit& limit_;
  };

 private:
  void Use(Level level) noexcept;

  bool is_set_ = false;
  uint64_t normal_pages_ = 0;
  Level level_ = Level::kNormal;
  // Prepared in advance: a level must be left without memory.
  Statement normal_, reserve_, unlimited_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SIZE_LIMIT_H_
