// BackgroundLoad: a leader's load that owns all that it uses, so that another
// thread can run it.

#ifndef APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_
#define APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/executor.h"
#include "engine/loading/leader_load.h"

namespace appcache::internal {

class BackgroundLoad {
 public:
  // Null when the cache is being destroyed, or when the call cannot be detached
  // from its caller. Takes the loader of `call` and `ticket` only when it
  // succeeds. Throws std::bad_alloc.
  static std::shared_ptr<BackgroundLoad> Make(
      LoadManager& manager, LoadCall& call, std::string_view path,
      const LoadOptions& options, bool replaces, SingleFlight::Ticket& ticket);

  // Passes the load to the executor. False when the executor refuses it; then
  // the caller runs it. A caller that wants to wait for the load takes its own
  // ticket before this.
  static bool Start(Executor& executor, std::shared_ptr<BackgroundLoad> load);

  // LeaderLoad::Run in the calling thread. REQUIRES: Start returned false.
  std::optional<LoadAnswer> Run();

  LoadCall& call() const noexcept { return *call_; }

 private:
  BackgroundLoad(BackgroundLoads::Running running, LoadManager& manager,
                 std::string_view path, const LoadOptions& options);
  void RunInBackground() noexcept;

  // Declared first: the cache must live until the other members are gone.
  const BackgroundLoads::Running running_;
  LoadManager& manager_;
  const std::string path_;
  LoadOptions options_;
  std::unique_ptr<LoadCall> call_;
  std::optional<SingleFlight::Ticket> ticket_;
  bool replaces_ = false;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_
