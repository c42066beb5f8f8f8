// The store beside bare SQLite: see README.md.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <string>

#include "bench/cases.h"
#include "bench/counting.h"
#include "bench/world.h"

int main(int argc, char** argv) {
  appcache::bench::PrepareCounting();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("peer",
                              std::string("SQLite ") + sqlite3_libversion());
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  appcache::bench::RegisterGetCases();
  appcache::bench::RegisterSetCases();
  appcache::bench::RegisterEvictionCases();
  appcache::bench::RegisterMixedCases();
  appcache::bench::RegisterFlushCases();
  benchmark::RunSpecifiedBenchmarks();
  appcache::bench::EndWorlds();
  benchmark::Shutdown();
  return 0;
}
