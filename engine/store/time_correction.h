// Corrects the times in the tables after a clock was wrong.

#ifndef APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_
#define APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_

#include <cstdint>

#include "appcache/error.h"
#include "appcache/function_ref.h"
#include "engine/store/connection.h"

namespace appcache::store {

// REQUIRES, of both: within a transaction that writes.

// Gives every access after `limit` a new tick from `next`, in their order.
Status RenumberAccessesAfter(const Connection& connection, int64_t limit,
                             FunctionRef<int64_t()> next);

// Moves all accesses and expiry times back by `microseconds`, but not before
// 1970. An entry that would have expired then expires at once.
Status MoveTimesBack(const Connection& connection, int64_t microseconds);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_
