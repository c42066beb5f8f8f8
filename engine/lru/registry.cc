#include "engine/lru/registry.h"

#include <map>
#include <mutex>
#include <utility>

#include "engine/support/open_database_name.h"
#include "engine/support/process_local.h"

namespace appcache::lru::registry {
namespace {

struct OpenEngine {
  internal::OpenDatabaseName name;
  std::shared_ptr<LruEngine> engine;
  int users = 0;
};

struct Engines {
  std::mutex mutex;
  std::map<std::string, OpenEngine> by_name;  // guarded by mutex
};

// A forked child must not wait for a mutex that a thread of its parent held,
// nor use the parent's engines.
constinit internal::ProcessLocal<Engines> open_engines;

std::string Describe(const policy::Limits& limits) {
  return "max_entries " + std::to_string(limits.max_entries) +
         (limits.max_bytes ? ", max_bytes " + std::to_string(*limits.max_bytes)
                           : ", no max_bytes");
}

}  // namespace

Result<std::shared_ptr<LruEngine>> Acquire(const std::string& name,
                                           const policy::Limits& limits,
                                           const Open& open) {
  Engines& engines = open_engines.Get();
  std::lock_guard<std::mutex> guard(engines.mutex);
  const auto found = engines.by_name.find(name);
  if (found != engines.by_name.end()) {
    OpenEngine& open_engine = found->second;
    if (open_engine.engine->limits() != limits) {
      return Status(ErrorCode::kInvalidArgument,
                    "this process has " + name + " open with " +
                        Describe(open_engine.engine->limits()) +
                        "; all its users must give the same, not " +
                        Describe(limits));
    }
    ++open_engine.users;
    return open_engine.engine;
  }
  if (internal::OpenDatabaseName::WasOpenAtFork(name)) {
    return Status(ErrorCode::kUnsupported,
                  "cannot open " + name +
                      " in a process forked while it was open: close it before "
                      "the fork, or exec after it");
  }
  internal::OpenDatabaseName open_name(
      name);  // first: a fork may come at any time
  Result<std::shared_ptr<LruEngine>> opened = open();
  if (!opened.ok()) return opened;
  engines.by_name.emplace(name, OpenEngine{std::move(open_name), *opened, 1});
  return opened;
}

Status Release(const std::shared_ptr<LruEngine>& engine) {
  Engines& engines = open_engines.Get();
  std::lock_guard<std::mutex> guard(engines.mutex);
  for (auto it = engines.by_name.begin(); it != engines.by_name.end(); ++it) {
    if (it->second.engine != engine) continue;
    if (--it->second.users > 0) return Status();
    const auto closing =
        engines.by_name.extract(it);  // keeps the name until closed
    return engine->Close();
  }
  return engine->Close();
}

}  // namespace appcache::lru::registry
