#include "engine/lru/registry.h"

#include <map>
#include <mutex>
#include <utility>

namespace appcache::registry {
namespace {

struct OpenEngine {
  std::shared_ptr<LruEngine> engine;
  int users = 0;
};

struct Engines {
  std::mutex mutex;
  std::map<std::string, OpenEngine> by_name;  // guarded by mutex
};

// One for each process: a forked child must not wait for a mutex that a thread
// of its parent held, nor meet the parent's engines. Never destroyed: caches
// may be static objects.
Engines& OfThisProcess() {
  static std::mutex mutex;
  static uint64_t generation = ForkGeneration();
  static Engines* engines = new Engines;
  std::lock_guard<std::mutex> guard(mutex);
  if (generation != ForkGeneration()) {
    generation = ForkGeneration();
    engines = new Engines;
  }
  return *engines;
}

std::string Describe(const policy::Limits& limits) {
  return "max_entries " + std::to_string(limits.max_entries) +
         (limits.max_bytes ? ", max_bytes " + std::to_string(*limits.max_bytes)
                           : ", no max_bytes");
}

}  // namespace

Result<std::shared_ptr<LruEngine>> Acquire(const std::string& name,
                                           const policy::Limits& limits,
                                           const Open& open) {
  Engines& engines = OfThisProcess();
  std::lock_guard<std::mutex> guard(engines.mutex);
  const auto found = engines.by_name.find(name);
  if (found != engines.by_name.end()) {
    OpenEngine& open_engine = found->second;
    if (open_engine.engine->limits() != limits) {
      return Status(ErrorCode::kInvalidArgument,
                    "this process has " + name + " open with " +
                        Describe(open_engine.engine->limits()) +
                        ", and all its users must agree; not with " +
                        Describe(limits));
    }
    ++open_engine.users;
    return open_engine.engine;
  }
  Result<std::shared_ptr<LruEngine>> opened = open();
  if (!opened.ok()) return opened;
  engines.by_name.emplace(name, OpenEngine{*opened, 1});
  return opened;
}

Status Release(const std::shared_ptr<LruEngine>& engine) {
  Engines& engines = OfThisProcess();
  std::lock_guard<std::mutex> guard(engines.mutex);
  for (auto it = engines.by_name.begin(); it != engines.by_name.end(); ++it) {
    if (it->second.engine != engine) continue;
    if (--it->second.users > 0) return Status();
    engines.by_name.erase(it);
    break;
  }
  return engine->Close();
}

}  // namespace appcache::registry
