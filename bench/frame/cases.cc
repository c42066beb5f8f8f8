#include "bench/frame/cases.h"

namespace appcache::bench {

benchmark::internal::Benchmark* RegisterCase(
    const std::string& operation, const char* side, const char* place,
    size_t value_bytes, const std::function<void(benchmark::State&)>& run) {
  const std::string name =
      operation + "/" + side + "/" + place + "/" + std::to_string(value_bytes);
#ifdef __clang_analyzer__
  // The analyzer reports what benchmark.h passes to its registry as a leak.
  (void)run;
  return nullptr;
#else
  return benchmark::RegisterBenchmark(name.c_str(), run);
#endif
}

}  // namespace appcache::bench
