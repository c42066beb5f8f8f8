// LoadManager: runs the loads of one cache.
//
// Owns what the loads share: flights, remembered absences and failures, the
// count of background loads, counters. ReadThrough and ReadManyThrough are the
// algorithms of GetVia and GetManyVia; LeaderLoad is one load; LoadCall
// (appcache/load_call.h) is the caller's key, loader and value, without their
// types.

#ifndef APPCACHE_ENGINE_LOADING_LOAD_MANAGER_H_
#define APPCACHE_ENGINE_LOADING_LOAD_MANAGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "appcache/cache_options.h"
#include "appcache/clock.h"
#include "appcache/load_options.h"
#include "engine/codec/coded_backend.h"
#include "engine/loading/loads.h"
#include "engine/support/per_process.h"

namespace appcache::internal {

// Thread-safe.
class LoadManager {
 public:
  // `store` must outlive this object. A null load_clock is Clock::Steady().
  LoadManager(CodedBackend& store, const CacheOptions& options);

  // Waits for the background loads of this process; none starts afterwards.
  void Stop() noexcept;

  // Of this process. Throws std::bad_alloc in a forked child.
  Loads& loads() { return loads_.Get(); }

  CodedBackend& store() const noexcept { return store_; }
  LoadCounters& counters() noexcept { return counters_; }
  const LoadCounters& counters() const noexcept { return counters_; }
  const Clock& clock() const noexcept { return *clock_; }
  TimePoint Now() const noexcept { return clock_->Now(); }

  // TtlToStore for this cache.
  Result<Ttl> TtlFor(Ttl ttl, const LoadOptions& options);

  void WarnNotStored(const Status& status) const noexcept;
  // REQUIRES: called in a catch block.
  void WarnBackgroundLoadFailed() const noexcept;

 private:
  CodedBackend& store_;
  const std::shared_ptr<const Clock> clock_;
  const std::optional<uint64_t> seed_;
  const LogSink log_;
  PerProcess<Loads> loads_;
  LoadCounters counters_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_LOAD_MANAGER_H_
