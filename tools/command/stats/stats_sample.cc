#include "tools/command/stats/stats_sample.h"

#include <sys/stat.h>

#include <thread>
#include <utility>

#include "appcache/tiered_cache.h"
#include "tools/command/cache/location.h"

namespace appcache::command {
namespace {

using std::chrono::steady_clock;

uint64_t FileSize(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size)
                                        : 0;
}

}  // namespace

StatsSource::StatsSource(const internal::Uri& location,
                         std::unique_ptr<Cache> cache)
    : cache_(std::move(cache)),
      tier_(dynamic_cast<const TieredCache*>(cache_.get())),
      traits_(cache_->Traits()),
      kind_(KindOf(location)) {
  if (location.scheme == "sqlite") file_ = location.path;
}

StatsSource::~StatsSource() = default;

// A tier connects its link in the background after it was opened. A sample from
// before that would report a lost link.
void StatsSource::AwaitLink() const {
  const auto until = steady_clock::now() + std::chrono::seconds(5);
  while (steady_clock::now() < until) {
    const TierReport report = tier_->Report();
    if (report.is_coherent || report.coherence == Coherence::kUntracked) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

CacheSample StatsSource::Take() {
  CacheSample taken{traits_, kind_, {}};
  StatsSample& sample = taken.sample;
  sample.taken = steady_clock::now();
  Result<std::string> version = cache_->Ping();
  sample.round_trip = steady_clock::now() - sample.taken;
  sample.answer = version.status();
  if (version.ok()) sample.version = *std::move(version);
  sample.stats = cache_->Stats();
  if (tier_ != nullptr) {
    if (sample.answer.ok() && !std::exchange(has_awaited_, true)) AwaitLink();
    sample.tier = tier_->Report();
  }
  if (!file_.empty()) {
    sample.file_bytes = {FileSize(file_), FileSize(file_ + "-wal")};
  }
  return taken;
}

}  // namespace appcache::command
