// The process that kill_test kills: does the steps of a script, and tells of
// each that it is done by a byte.
//
//   kill_child FILE MIX SEED DESCRIPTOR
//
// The first byte says that it is running, the second that the file is open.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/kill_script.h"

int main(int argc, char** argv) {
  using namespace appcache;  // NOLINT(google-build-using-namespace)
  if (argc != 5) return 2;
  const auto mix = static_cast<KillMix>(std::atoi(argv[2]));
  KillScript script(mix, std::stoull(argv[3]));
  const int done = std::atoi(argv[4]);

  if (write(done, ".", 1) != 1) return 2;
  SqliteCache::Opened cache = SqliteCache::OpenFile(argv[1], KillOptions(mix));
  if (!cache.ok()) {
    std::fprintf(stderr, "%s\n", cache.status().ToString().c_str());
    return 1;
  }
  while (write(done, ".", 1) == 1) {
    const Status status = script.Next().Do(**cache);
    if (status.ok()) continue;
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 2;
}
