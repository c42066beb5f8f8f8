#include "engine/lru/registry.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <utility>

#include "engine/support/mutex.h"
#include "engine/support/open_database_name.h"
#include "engine/support/process_local.h"

namespace appcache::lru::registry {
namespace {

struct OpenEngine {
  internal::OpenDatabaseName name;
  std::shared_ptr<Engine> engine;
  SharedOptions options;
  int users = 0;  // none: it is being closed
};

struct Engines {
  internal::Mutex mutex;
  std::map<std::string, OpenEngine> by_name APPCACHE_GUARDED_BY(mutex);
  std::condition_variable closed;  // one of them was removed
};

// A forked child must not wait for a mutex that a thread of its parent held,
// nor use the parent's engines.
constinit internal::ProcessLocal<Engines> open_engines;

std::string Describe(const SharedOptions& options) {
  const auto limit = [](const char* name,
                        const std::optional<uint64_t>& value) {
    return value ? std::string(name) + " " + std::to_string(*value)
                 : "no " + std::string(name);
  };
  std::string text = limit("max_entries", options.limits.max_entries) + ", " +
                     limit("max_bytes", options.limits.max_bytes);
  if (options.max_database_bytes) {
    text += ", " + limit("max_database_bytes", options.max_database_bytes);
  }
  if (options.window) {
    text += ", write_behind_interval " +
            std::to_string(options.window->interval.count()) +
            " ms, write_behind_bytes " + std::to_string(options.window->bytes);
  }
  return text;
}

// Waits until an engine of this name that is being closed is gone, at most
// `max_wait`; then kBusy.
Status WaitUntilClosed(Engines& engines, internal::UniqueMutexLock& lock,
                       const std::string& name,
                       std::chrono::milliseconds max_wait)
    APPCACHE_REQUIRES(engines.mutex) {
  const auto is_settled = [&] {
    engines.mutex.AssertHeld();
    const auto found = engines.by_name.find(name);
    return found == engines.by_name.end() || found->second.users > 0;
  };
  if (is_settled() ||
      engines.closed.wait_for(lock.native(), max_wait, is_settled)) {
    return Status();
  }
  return Status(ErrorCode::kBusy,
                "another thread is closing " + name +
                    ", and waits for calls in progress; retry");
}

// Opens the engine and adds it.
Result<std::shared_ptr<Engine>> Add(Engines& engines, const std::string& name,
                                    const SharedOptions& options,
                                    const Open& open)
    APPCACHE_REQUIRES(engines.mutex) {
  Status status = CheckNotOpenAtFork(name);
  if (!status.ok()) return status;
  internal::OpenDatabaseName open_name(
      name);  // first: a fork may come at any time
  Result<std::shared_ptr<Engine>> opened = open();
  if (!opened.ok()) return opened;
  engines.by_name.emplace(
      name, OpenEngine{std::move(open_name), *opened, options, 1});
  return opened;
}

}  // namespace

Result<std::shared_ptr<Engine>> Acquire(const std::string& name,
                                        const SharedOptions& options,
                                        std::chrono::milliseconds busy_timeout,
                                        const Open& open) {
  Engines& engines = open_engines.Get();
  internal::UniqueMutexLock lock(engines.mutex);
  Status settled = WaitUntilClosed(engines, lock, name, busy_timeout);
  if (!settled.ok()) return settled;
  const auto found = engines.by_name.find(name);
  if (found != engines.by_name.end()) {
    OpenEngine& open_engine = found->second;
    if (open_engine.options != options) {
      return Status(ErrorCode::kInvalidArgument,
                    "this process has " + name + " open with " +
                        Describe(open_engine.options) +
                        "; all its users must give the same, not " +
                        Describe(options));
    }
    ++open_engine.users;
    return open_engine.engine;
  }
  return Add(engines, name, options, open);
}

Result<std::shared_ptr<Engine>> AcquireNew(
    const std::string& name, const SharedOptions& options,
    std::chrono::milliseconds busy_timeout, const Open& open) {
  Engines& engines = open_engines.Get();
  internal::UniqueMutexLock lock(engines.mutex);
  Status settled = WaitUntilClosed(engines, lock, name, busy_timeout);
  if (!settled.ok()) return settled;
  if (engines.by_name.contains(name)) {
    return Status(ErrorCode::kInvalidArgument,
                  "this process has " + name +
                      " open already; close it, or give another name");
  }
  return Add(engines, name, options, open);
}

Status CheckNotOpenAtFork(const std::string& name) {
  if (!internal::OpenDatabaseName::WasOpenAtFork(name)) return Status();
  return Status(ErrorCode::kUnsupported,
                "cannot open " + name +
                    " in a process forked while it was open: close it before "
                    "the fork, or exec after it");
}

Status WhileClosed(const std::string& name,
                   const std::function<Status()>& use) {
  Status status = CheckNotOpenAtFork(name);
  if (!status.ok()) return status;
  Engines& engines = open_engines.Get();
  internal::MutexLock guard(engines.mutex);
  if (engines.by_name.contains(name)) {
    return Status(ErrorCode::kBusy,
                  "this process has " + name +
                      " open as a cache; close it, or use another path");
  }
  return use();
}

Status Release(const std::shared_ptr<Engine>& engine) {
  Engines& engines = open_engines.Get();
  internal::UniqueMutexLock lock(engines.mutex);
  auto it = engines.by_name.begin();
  while (it != engines.by_name.end() && it->second.engine != engine) ++it;
  if (it == engines.by_name.end()) {
    lock.unlock();
    return engine->Close();
  }
  if (--it->second.users > 0) return Status();
  // Without the mutex: it waits for calls in progress, and a visitor among them
  // may open or close another cache.
  lock.unlock();
  Status closed = WithoutExceptions<Status>([&] { return engine->Close(); });
  lock.lock();
  engines.by_name.erase(it);  // keeps the name until closed
  engines.closed.notify_all();
  return closed;
}

bool ReleaseUnlessLast(const std::shared_ptr<Engine>& engine) {
  Engines& engines = open_engines.Get();
  internal::MutexLock guard(engines.mutex);
  for (auto& [name, open_engine] : engines.by_name) {
    if (open_engine.engine != engine || open_engine.users < 2) continue;
    --open_engine.users;
    return true;
  }
  return false;
}

}  // namespace appcache::lru::registry
