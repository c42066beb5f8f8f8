#include "engine/loading/load_manager.h"

#include <new>
#include <string>

namespace appcache::internal {

LoadManager::LoadManager(CodedBackend& store, const CacheOptions& options)
    : store_(store),
      clock_(options.load_clock != nullptr ? options.load_clock
                                           : Clock::Steady()),
      seed_(options.load_seed),
      log_(options.log) {}

void LoadManager::Stop() noexcept {
  try {
    loads_.Get().background.Stop();
  } catch (const std::bad_alloc&) {
    // A child without memory for its own Loads, which has therefore no load.
  }
}

Result<Ttl> LoadManager::TtlFor(Ttl ttl, const LoadOptions& options) {
  if (Status valid = CheckTtl(ttl); !valid.ok()) return valid;
  const double jitter = options.ttl_jitter > 0 ? loads().jitter.Next(seed_) : 0;
  const bool keeps_stale =
      options.stale_for > kNoTtl && store_.supports_ttl_query();
  return TtlToStore(ttl, options, keeps_stale, jitter);
}

void LoadManager::WarnNotStored(const Status& status) const noexcept {
  try {
    log_(LogLevel::kWarning,
         "a loaded value was not stored: " +
             (status.ok() ? std::string("the key's namespace does not exist")
                          : status.ToString()));
  } catch (...) {
    // No memory for a log line. The caller still gets the value.
  }
}

void LoadManager::WarnBackgroundLoadFailed() const noexcept {
  const Status failure = Status::FromCurrentException();
  try {
    log_(LogLevel::kWarning, "a background load failed: " + failure.ToString());
  } catch (...) {
    // No memory for a log line.
  }
}

}  // namespace appcache::internal
