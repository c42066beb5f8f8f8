// A local cache in front of a Redis server: hits at memory speed that are at
// most half a second old.
//
//   tier redis://localhost

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include "appcache/open.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"

// Exhausted memory ends it. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  const auto local = appcache::SqliteCache::OpenInMemory({}, "tier_example");
  const auto remote = appcache::Open(argc > 1 ? argv[1] : "redis://localhost");
  if (!remote.ok() || !local.ok()) {
    const auto& failed = remote.ok() ? local.status() : remote.status();
    std::cerr << failed.ToString() << '\n';
    return 2;
  }
  appcache::TieredOptions options;
  options.lease.max_staleness = std::chrono::milliseconds(500);
  // The limit also holds while the connection to the server is lost.
  options.lease.when_lost = appcache::WhenLost::kBounded;
  auto opened = appcache::TieredCache::Open(
      local.value()->backend(), remote.value()->backend(), std::move(options));
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 2;
  }
  const auto cache = *std::move(opened);

  const appcache::Key<std::string> ada("user", 7);
  for (int i = 0; i < 10'000; ++i) {
    cache->GetVia(ada, [] { return std::string("Ada"); },
                  {.ttl = std::chrono::hours(1)});
  }
  const appcache::TierReport report = cache->Report();
  std::cout << ToString(report.coherence) << ": " << report.local_hits
            << " local hits, " << report.remote_hits << " remote hits\n";
  return report.remote_errors == 0 ? 0 : 3;
}
