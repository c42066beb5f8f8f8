#include "engine/loading/background_load.h"

#include <utility>

namespace appcache::internal {

BackgroundLoad::BackgroundLoad(BackgroundLoads::Running running,
                               LoadManager& manager, std::string_view path,
                               const LoadOptions& options)
    : running_(std::move(running)),
      manager_(manager),
      path_(path),
      options_(options) {
  // A job that kept its executor alive might be the one to destroy it.
  options_.executor.reset();
}

std::shared_ptr<BackgroundLoad> BackgroundLoad::Make(
    LoadManager& manager, LoadCall& call, std::string_view path,
    const LoadOptions& options, bool replaces, SingleFlight::Ticket& ticket) {
  BackgroundLoads::Running running = manager.loads().background.Begin();
  if (!running) return nullptr;
  std::shared_ptr<BackgroundLoad> load(
      new BackgroundLoad(std::move(running), manager, path, options));
  load->call_ = call.Detach();
  if (load->call_ == nullptr) return nullptr;
  load->replaces_ = replaces;
  load->ticket_.emplace(std::move(ticket));
  return load;
}

bool BackgroundLoad::Start(Executor& executor,
                           std::shared_ptr<BackgroundLoad> load) {
  load->ticket_->HandOver();
  try {
    return executor.Run([load = std::move(load)]() mutable {
      load->RunInBackground();
      load.reset();  // the executor may keep the function
    });
  } catch (...) {
    return false;
  }
}

std::optional<LoadAnswer> BackgroundLoad::Run() {
  ticket_->LeadHere();
  return LeaderLoad(manager_, *call_, path_, options_, replaces_, *ticket_)
      .Run();
}

void BackgroundLoad::RunInBackground() noexcept {
  try {
    (void)Run();
  } catch (...) {
    // Those who wait for the load get the exception; maybe nobody waits.
    manager_.WarnBackgroundLoadFailed();
  }
}

}  // namespace appcache::internal
