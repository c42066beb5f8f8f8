// ReadThrough: one call of GetVia. Run is the algorithm; its steps follow it in
// order.

#ifndef APPCACHE_ENGINE_LOADING_READ_THROUGH_H_
#define APPCACHE_ENGINE_LOADING_READ_THROUGH_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "appcache/load_call.h"
#include "appcache/load_options.h"
#include "engine/loading/background_load.h"
#include "engine/loading/leader_load.h"
#include "engine/loading/load_manager.h"
#include "engine/loading/single_flight.h"
#include "engine/loading/staleness.h"

namespace appcache::internal {

class ReadThrough {
 public:
  // All referenced objects must outlive this one.
  ReadThrough(LoadManager& manager, LoadCall& call, std::string_view path,
              const LoadOptions& options) noexcept
      : manager_(manager), call_(call), path_(path), options_(options) {}

  LoadAnswer Run();

 private:
  using Ticket = SingleFlight::Ticket;
  using Outcome = Ticket::Outcome;

  // Looks in the cache, and joins a flight if there is something to load.
  Status Prepare() noexcept;
  // Sets age_. A failing cache is a miss. `found`, if given, gets the bytes of
  // a hit.
  void Look(Bytes* found = nullptr) noexcept;
  void Take(Bytes&& bytes, Age age);
  bool IsPaused() const;
  // Whether another leader may have stored the value since Prepare looked.
  bool HasCompleted() const;

  // Starts a background load, unless one is running.
  void Refresh() noexcept;
  // False when this caller has to run the load: by job_, if there is one.
  bool StartInBackground() noexcept;

  LoadAnswer Stale();
  // Waits for another caller's load.
  LoadAnswer Follow();
  LoadAnswer Lead();
  LoadAnswer LoadHere();
  std::optional<LoadAnswer> RunHere();
  // Waits for the load that StartInBackground has started.
  LoadAnswer AwaitOwn(Ticket& own, std::chrono::milliseconds limit);
  // Waits for the flight, and sets `outcome`. None when there is no value to
  // return. Throws what the loader threw.
  std::optional<LoadAnswer> Await(Ticket& ticket,
                                  std::chrono::milliseconds limit,
                                  Outcome& outcome);
  [[noreturn]] void ThrowTimeout();

  bool has_value() const noexcept { return age_ != Age::kMissing; }
  void Count(LoadCounters::Counter LoadCounters::*counter) noexcept;

  LoadManager& manager_;
  LoadCall& call_;
  const std::string_view path_;
  const LoadOptions& options_;

  Loads* loads_ = nullptr;
  uint64_t completions_ = 0;
  Age age_ = Age::kMissing;  // of the value that call_ has parsed
  bool is_absent_ = false;
  std::optional<Ticket> ticket_;
  std::shared_ptr<BackgroundLoad> job_;
};

// A load that neither shares nor stores its value: for a key without a path, or
// a caller that could not wait for another's load.
LoadAnswer LoadAlone(LoadManager& manager, LoadCall& call);

// For Outcome::kCycle.
[[noreturn]] void ThrowLoadCycle();

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_READ_THROUGH_H_
