#include "bench/frame/program.h"

#include <benchmark/benchmark.h>
#include <errno.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>

namespace appcache::bench {

void KeepFreedMemory() {
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

int RunProgram(int argc, char** argv, const std::string& peer,
               const std::function<void()>& register_cases) {
  return RunProgram(argc, argv, peer, register_cases,
                    [] { benchmark::RunSpecifiedBenchmarks(); });
}

int RunProgram(int argc, char** argv, const std::string& peer,
               const std::function<void()>& register_cases,
               const std::function<void()>& run) {
  KeepFreedMemory();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("peer", peer);
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  register_cases();
  run();
  benchmark::Shutdown();
  return 0;
}

void Fail(const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name,
               message.c_str());
  std::exit(1);
}

}  // namespace appcache::bench
