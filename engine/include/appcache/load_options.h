// LoadOptions: how GetVia and GetManyVia load, store and refresh values.
//
// With the defaults, a missing value is loaded while its callers wait, and is
// stored without a ttl. Each group below adds one feature and costs nothing
// while it is off. All callers of a key should pass the same options.

#ifndef APPCACHE_LOAD_OPTIONS_H_
#define APPCACHE_LOAD_OPTIONS_H_

#include <optional>
#include <stdexcept>

#include "appcache/export.h"
#include "appcache/lean_std.h"
#include "appcache/times.h"

namespace appcache {

class Executor;

struct LoadOptions {
  // The ttl of a loaded value, unless the loader gives one (loaded.h). When it,
  // or another option, is out of range, the value is returned but not stored,
  // and a warning says kInvalidArgument.
  Ttl ttl = kNoTtl;

  // How long a caller waits for another caller's loader before it runs its own.
  // A loader that would wait for itself throws LoadCycle at once.
  std::chrono::milliseconds max_wait = std::chrono::seconds(30);

  // Shortens each ttl at random by at most this fraction of it, from 0 to 1, so
  // that values that were loaded together do not expire together.
  double ttl_jitter = 0;

  // --- Stale values.

  // How long a value is kept after its ttl, as a stale value. A stale value is
  // returned when the loader throws, and to callers who arrive while another
  // one loads, so that only one caller waits. Zero or less: off. Reads then ask
  // for the value and its remaining ttl, in one round trip.
  //
  // A value's age follows from its remaining ttl alone, so that the stored
  // bytes are those that any other reader expects: the value is stored with
  // ttl + stale_for, and is stale when stale_for or less remains. A plain Get
  // returns it until then; and a value that was stored by Set is stale for the
  // last stale_for of its ttl. Has no effect on values that never expire, nor
  // where Traits().supports_ttl_query is false.
  Ttl stale_for{0};

  // How long after a failed load this process starts no other one for the key
  // while it has a value, stale or due for refresh, to return instead. Kept in
  // bounded memory: when very many keys fail, some may be loaded sooner.
  std::chrono::milliseconds retry_pause = std::chrono::seconds(1);

  // --- Background loads. All three options need an executor.
  //
  // A loader that runs in the background is moved (copied, if the caller passed
  // an lvalue) into the job, with a copy of the key, and must own everything
  // that it uses. If it cannot be moved or copied, or the key cannot be copied,
  // or the executor refuses the job, the caller runs the loader, without time
  // limits; a refresh is then skipped. The cache's destructor waits for the
  // loads that the executor has accepted, until they have run or were dropped,
  // so a loader must not destroy the cache.

  std::shared_ptr<Executor> executor = nullptr;

  // The first read within this interval before expiry starts a background
  // reload; readers keep getting the current value. Zero or less: off. Needs
  // Traits().supports_ttl_query.
  Ttl refresh_ahead{0};

  // How long a caller that has a stale value waits for the loader; zero: not at
  // all. After that it returns the stale value; the load continues and its
  // value is stored. None: no limit.
  std::optional<std::chrono::milliseconds> soft_timeout = std::nullopt;

  // How long a caller without a value waits for the loader, its own or another
  // caller's (instead of max_wait). After that it throws LoadTimeout; the load
  // continues and its value is stored. None: no limit.
  std::optional<std::chrono::milliseconds> hard_timeout = std::nullopt;

  // --- One load across all processes.

  // How long at most a process that loads a key keeps other processes from
  // loading it; choose a little more than a load takes. Zero or less: no lock.
  // Callers that have a value, stale or due for refresh, return it. The others
  // look for the value every 5 to 100 ms, and load it themselves when the lock
  // expires or is released without a value. The lock is an entry at the key's
  // path with "/appcache-load-lock" appended. It saves work and protects
  // nothing: if it is lost or expires early, two processes load. Costs four
  // more round trips per load. Has no effect where Traits().supports_add is
  // false.
  Ttl process_lock{0};
};

// Thrown by GetVia: the loader did not finish within hard_timeout, or a
// background load ended without a value, because its executor dropped it or the
// value does not serialise.
class APPCACHE_EXPORT LoadTimeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by GetVia and GetManyVia in a loader that would wait for itself: it
// asks for a key that another thread loads, and that loader waits, directly or
// through others, for a key that this thread loads. Loads of all caches of the
// process count. A loader that asks for its own key runs the loader of that
// call; when that one asks for the key again, it is this too. As a Status, it
// is kInternal.
class APPCACHE_EXPORT LoadCycle : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace appcache

#endif  // APPCACHE_LOAD_OPTIONS_H_
