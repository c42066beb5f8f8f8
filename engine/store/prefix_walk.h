// PrefixWalk: finds the entries whose keys start with a prefix.
//
// Entries are indexed by the hash of their key, so this reads every key, in
// steps.

#ifndef APPCACHE_ENGINE_STORE_PREFIX_WALK_H_
#define APPCACHE_ENGINE_STORE_PREFIX_WALK_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

// Not thread-safe.
class PrefixWalk {
 public:
  // `connection` and the bytes of `prefix` must outlive this object.
  Status Prepare(const Connection& connection, std::string_view prefix);

  // The h of the matches among the next entries, often of none; read in one
  // short transaction. Throws std::bad_alloc.
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
