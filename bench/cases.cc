#include "bench/cases.h"

namespace appcache::bench {

benchmark::internal::Benchmark* RegisterCase(
    const std::string& operation, const char* side, const WorldSpec& spec,
    const std::function<void(benchmark::State&)>& run) {
  const std::string name = operation + "/" + side + "/" + NameOf(spec.place) +
                           "/" + std::to_string(spec.value_bytes);
#ifdef __clang_analyzer__
  // It takes what benchmark.h hands over to its registry for a leak.
  (void)run;
  return nullptr;
#else
  return benchmark::RegisterBenchmark(name.c_str(), run);
#endif
}

}  // namespace appcache::bench
