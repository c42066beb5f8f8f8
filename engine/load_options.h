// LoadOptions: how GetVia and GetManyVia load, keep and renew values.
//
// The defaults store a value for ever and load one that is missing while its
// callers wait. Each group below adds one thing and costs nothing while it is
// off. All callers of a key give the same options.

#ifndef APPCACHE_ENGINE_LOAD_OPTIONS_H_
#define APPCACHE_ENGINE_LOAD_OPTIONS_H_

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

#include "engine/executor.h"
#include "engine/ttl.h"

namespace appcache {

struct LoadOptions {
  // The ttl with which a loaded value is stored, unless it has one of its own
  // (loaded.h). An option that is out of range is kInvalidArgument in a
  // warning, and the value is not stored.
  Ttl ttl = kNoTtl;

  // How long a caller waits for another one's loader before it runs its own.
  std::chrono::milliseconds max_wait = std::chrono::seconds(30);

  // The largest part of its ttl by which a value's life is shortened at random,
  // from 0 to 1: what was loaded together does not end together. Never
  // lengthens it.
  double ttl_jitter = 0;

  // --- Stale values.

  // How long after its ttl a value is still kept, as stale: it is returned when
  // the loader throws, and to those who come while another caller loads, so
  // that only one caller waits. Zero or less: off. Reads then ask for the value
  // and for what is left of its ttl, in one round trip.
  //
  // Nothing but the ttl says what is stale, so the stored bytes are those that
  // any other reader expects: the value is stored with ttl + stale_for, and is
  // stale when no more than stale_for is left. To a plain Get it is a hit to
  // the last; and a value that was stored by Set is stale for the last
  // stale_for of its ttl. No effect on values that never end, nor where
  // Traits().tells_ttl is false.
  Ttl stale_for{0};

  // How long after a failed load no other is begun in this process while there
  // is a value, stale or due, that can be returned instead. Remembered in
  // bounded memory: of very many keys, some may be loaded sooner.
  std::chrono::milliseconds retry_pause = std::chrono::seconds(1);

  // --- Loads in the background. All three need an executor.
  //
  // A loader that is to run in the background is moved (copied, if it is no
  // rvalue) into the job together with a copy of the key, and must own all that
  // it uses; one that cannot be, or whose key cannot be copied, is run by the
  // caller. So is one that the executor refuses: without time limits; a refresh
  // is then left out. The cache waits in its destructor for the loads that the
  // executor has accepted, until they are run or dropped, so no loader may
  // destroy it.

  std::shared_ptr<Executor> executor = nullptr;

  // So long before a value's ttl ends, the first to read it begins a load in
  // the background, and everybody goes on with the value that there is. Zero or
  // less: off. Needs the ttl told, as stale_for.
  Ttl refresh_ahead{0};

  // How long a caller who has a stale value waits for the loader; zero: not at
  // all. Then it returns the stale value, and the load goes on and is stored.
  // None: no limit.
  std::optional<std::chrono::milliseconds> soft_timeout = std::nullopt;

  // How long a caller who has nothing waits for the loader, its own or another
  // one's (max_wait then counts for nothing). Then it throws LoadTimeout, and
  // the load goes on and is stored. None: no limit.
  std::optional<std::chrono::milliseconds> hard_timeout = std::nullopt;

  // --- One load over all processes.

  // How long at most a process that loads a key keeps the others from it; a
  // little longer than a load takes. Zero or less: no lock. Meanwhile those who
  // have a value, stale or due, return it; the others ask for the value every
  // 5 to 100 ms, and after that time, or when the lock is let go without a
  // value, load themselves. The lock is an entry under the key's path with
  // ProcessLock::kSuffix (loading/process_lock.h), given back by the one who
  // holds it. It saves work and guards nothing: when it is lost, or ends too
  // early, two load. Costs four more round trips per load. No effect where
  // Traits().adds is false.
  Ttl process_lock{0};
};

// The loader was not done within hard_timeout; or it will not come to an end in
// the background, because its executor dropped it, or what it made does not
// serialise.
class LoadTimeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOAD_OPTIONS_H_
