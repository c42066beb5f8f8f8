#include "engine/lru/registry.h"

#include <pthread.h>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "engine/open_name.h"

namespace appcache::registry {
namespace {

struct OpenEngine {
  OpenName name;
  std::shared_ptr<LruEngine> engine;
  int users = 0;
};

struct Engines {
  std::mutex mutex;
  std::map<std::string, OpenEngine> by_name;  // guarded by mutex
};

// One for each process: a forked child must not wait for a mutex that a thread
// of its parent held, nor meet the parent's engines. Null until it is needed;
// never destroyed, for caches may be static objects.
std::atomic<Engines*> engines_of_this_process{nullptr};
const int registered = pthread_atfork(nullptr, nullptr, [] {
  engines_of_this_process.store(nullptr, std::memory_order_release);
});

Engines& OfThisProcess() {
  (void)registered;
  Engines* engines = engines_of_this_process.load(std::memory_order_acquire);
  if (engines != nullptr) return *engines;
  auto made = std::make_unique<Engines>();
  if (engines_of_this_process.compare_exchange_strong(
          engines, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
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
  if (OpenName::WasOpenAtFork(name)) {
    return Status(ErrorCode::kUnsupported,
                  "cannot open " + name +
                      " in a process forked while it was open: close it before "
                      "the fork, or exec after it");
  }
  OpenName open_name(name);  // before it is: a fork may come at any time
  Result<std::shared_ptr<LruEngine>> opened = open();
  if (!opened.ok()) return opened;
  engines.by_name.emplace(name, OpenEngine{std::move(open_name), *opened, 1});
  return opened;
}

Status Release(const std::shared_ptr<LruEngine>& engine) {
  Engines& engines = OfThisProcess();
  std::lock_guard<std::mutex> guard(engines.mutex);
  for (auto it = engines.by_name.begin(); it != engines.by_name.end(); ++it) {
    if (it->second.engine != engine) continue;
    if (--it->second.users > 0) return Status();
    const auto closing = engines.by_name.extract(it);  // named until closed
    return engine->Close();
  }
  return engine->Close();
}

}  // namespace appcache::registry
