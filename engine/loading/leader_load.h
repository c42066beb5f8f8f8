// LeaderLoad: one load, as the leader of a flight runs it: calls the loader,
// shares the value with those who wait, and stores it unless a write has
// superseded the flight.

#ifndef APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_
#define APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "appcache/load_call.h"
#include "appcache/load_options.h"
#include "engine/loading/load_manager.h"
#include "engine/loading/process_lock.h"
#include "engine/loading/single_flight.h"

namespace appcache::internal {

// The keys of a call of GetVia.
inline constexpr size_t kOnlyKey[] = {0};

// Calls the loader for these keys, and counts that. Throws what it throws.
void CallLoader(LoadManager& manager, LoadCall& call,
                std::span<const size_t> keys);

class LeaderLoad {
 public:
  // All referenced objects must outlive this one. `ticket` is the leader's.
  // `replaces`: the cache holds a value, which is stale or due for refresh.
  LeaderLoad(LoadManager& manager, LoadCall& call, std::string_view path,
             const LoadOptions& options, bool replaces,
             SingleFlight::Ticket& ticket) noexcept;

  // Loads key 0 of the call. None when there is a value to replace and another
  // process is loading a newer one. Throws what the loader throws, after
  // sharing that; then nothing is stored.
  std::optional<LoadAnswer> Run();

 private:
  // Looks for the value while another process holds the lock, and once after
  // that. True when `call_` has parsed it; it is then shared.
  bool FindUnder(ProcessLock& lock) noexcept;
  bool Find() noexcept;

  LoadAnswer LoadAndPublish();
  void Publish(const LoadCall::Outcome& outcome);
  void StoreAbsence(Ttl remembered_for);
  void Store(std::string_view bytes, std::optional<Ttl> own_ttl);

  LoadManager& manager_;
  LoadCall& call_;
  const std::string_view path_;
  const LoadOptions& options_;
  const bool replaces_;
  SingleFlight::Ticket& ticket_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_
