// WriteOutcome: how many writes of a batch failed, and why the first one did.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_WRITE_OUTCOME_H_
#define APPCACHE_ADAPTERS_MEMCACHE_WRITE_OUTCOME_H_

#include <cassert>
#include <cstdint>

#include "appcache/error.h"

namespace appcache::memcache {

struct WriteOutcome {
  uint64_t failed = 0;
  Status first_failure;  // success when `failed` is zero

  // Adds `count` writes that failed for the same reason. REQUIRES: count > 0
  // and !status.ok().
  void AddFailures(uint64_t count, const Status& status) {
    assert(count > 0);
    assert(!status.ok());
    failed += count;
    if (first_failure.ok()) first_failure = status;
  }

  // Adds the outcome of later writes.
  void Add(const WriteOutcome& later) {
    if (later.failed > 0) AddFailures(later.failed, later.first_failure);
  }
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_WRITE_OUTCOME_H_
