// A local cache in front of a Redis server: hits at memory speed, and never
// older than half a second.
//
//   tier redis://localhost

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include "appcache/open.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"

// Out of memory ends it. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  auto remote = appcache::Open(argc > 1 ? argv[1] : "redis://localhost");
  auto local = appcache::SqliteCache::OpenInMemory({}, "tier_example");
  if (!remote.ok() || !local.ok()) {
    const auto& failed = remote.ok() ? local.status() : remote.status();
    std::cerr << failed.ToString() << '\n';
    return 2;
  }
  appcache::TieredOptions options;
  options.lease.max_staleness = std::chrono::milliseconds(500);
  // Half a second stays half a second if the link to the server is lost.
  options.lease.when_lost = appcache::WhenLost::kBounded;
  auto opened = appcache::TieredCache::Open(
      *std::move(local), *std::move(remote), std::move(options));
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 2;
  }
  appcache::TieredCache& cache = **opened;

  const appcache::Key<std::string> ada("user", 7);
  for (int i = 0; i < 10'000; ++i) {
    cache.GetVia(ada, [] { return std::string("Ada"); },
                 {.ttl = std::chrono::hours(1)});
  }
  const appcache::TierReport report = cache.Report();
  std::cout << ToString(report.coherence) << ": " << report.local_hits
            << " hits here, " << report.remote_hits << " there\n";
  return report.remote_errors == 0 ? 0 : 3;
}
