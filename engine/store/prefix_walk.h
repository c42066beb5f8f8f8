// PrefixWalk: which entries have keys that begin with some bytes.
//
// Entries are found by the hash of their key only, so this looks at every key
// there is, some at a time.

#ifndef APPCACHE_ENGINE_STORE_PREFIX_WALK_H_
#define APPCACHE_ENGINE_STORE_PREFIX_WALK_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/error.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

// Not thread-safe.
class PrefixWalk {
 public:
  // `connection`, and what `prefix` is a view of, must outlive this object.
  Status Prepare(const Connection& connection, std::string_view prefix);

  // The h of those among the next entries whose keys begin so: often of none.
  // In one short read transaction. Throws std::bad_alloc.
  Result<std::vector<int64_t>> Next();

  bool has_ended() const noexcept { return ended_; }

 private:
  const Connection* connection_ = nullptr;
  std::string_view prefix_;
  Statement statement_;
  int64_t next_h_ = INT64_MIN;
  bool ended_ = false;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_PREFIX_WALK_H_
