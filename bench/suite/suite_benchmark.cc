// Every operation of every backend and of its peers: see README.md.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/frame/io_counter.h"
#include "bench/frame/program.h"
#include "bench/frame/statement_counter.h"
#include "bench/suite/cases.h"
#include "bench/suite/filter.h"
#include "bench/suite/reporter.h"
#include "bench/suite/store.h"

namespace appcache::bench {
namespace {

std::string SideNames() {
  std::string names;
  for (const SideType& type : Sides()) {
    names += (names.empty() ? "" : ", ") + type.name;
  }
  return names;
}

// The name without the number of threads, which Google Benchmark appends.
std::string FamilyName(const CaseSpec& spec) {
  const std::string name = spec.Name();
  return name.substr(0, name.rfind("/threads:"));
}

void Register(const Case& each) {
#ifdef __clang_analyzer__
  // The analyzer reports what benchmark.h passes to its registry as a leak.
  (void)each;
#else
  const auto run = [each](benchmark::State& state) {
    each.run(state, each.spec);
  };
  benchmark::RegisterBenchmark(FamilyName(each.spec).c_str(), run)
      ->UseRealTime()
      // With the threads that work in the background.
      ->MeasureProcessCPUTime()
      ->Threads(each.spec.threads);
#endif
}

std::vector<Case> SelectedCases(const Filter& filter) {
  std::vector<Case> cases = AllCases();
  std::erase_if(cases, [&](const Case& each) {
    return !filter.Selects(each.spec.Name());
  });
  return cases;
}

// Returns the exit status.
int RunCases(bool writes_file) {
  Reporter display(std::unique_ptr<benchmark::BenchmarkReporter>(
                       benchmark::CreateDefaultDisplayReporter()),
                   /*passes_stream=*/false);
  Reporter file(std::make_unique<benchmark::JSONReporter>(),
                /*passes_stream=*/true);
  benchmark::RunSpecifiedBenchmarks(&display, writes_file ? &file : nullptr);
  return display.has_failed() ? 1 : 0;
}

int Run(int argc, char** argv) {
  AddStatementCounter();
  AddIoCounters();
  // The cases are selected and listed here, by the names that are reported.
  const std::vector<Case> cases =
      SelectedCases(Filter(TakeFlag(argc, argv, "--benchmark_filter")));
  if (TakeFlag(argc, argv, "--benchmark_list_tests") == "true") {
    for (const Case& each : cases) std::puts(each.spec.Name().c_str());
    return 0;
  }
  Must(!cases.empty(),
       "no case matches the filter; --benchmark_list_tests=true lists all");
  const bool writes_file = std::any_of(argv, argv + argc, [](const char* arg) {
    return std::string_view(arg).starts_with("--benchmark_out=");
  });
  int status = 0;
  const int started = RunProgram(
      argc, argv, SideNames(),
      [&] {
        benchmark::AddCustomContext("cpu_time", "all threads");
        std::for_each(cases.begin(), cases.end(), Register);
      },
      [&] { status = RunCases(writes_file); });
  DestroyStores();
  return started != 0 ? started : status;
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
