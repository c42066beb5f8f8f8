// The frame of a program whose cases have one fixture for each value size and
// run in one thread: the benchmarks of the adapters.

#ifndef APPCACHE_BENCH_FRAME_FIXTURE_PROGRAM_H_
#define APPCACHE_BENCH_FRAME_FIXTURE_PROGRAM_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <span>
#include <string>

#include "bench/frame/cases.h"
#include "bench/frame/fixtures.h"
#include "bench/frame/measure.h"
#include "bench/frame/program.h"

namespace appcache::bench {

// Registers the cases of one value size. A Fixture is constructed from the
// value size in bytes.
template <class Fixture>
class FixtureCases {
 public:
  // `fixtures` must outlive the run of the benchmarks.
  FixtureCases(Fixtures<size_t, Fixture>& fixtures, const char* place,
               size_t value_bytes)
      : fixtures_(fixtures), place_(place), value_bytes_(value_bytes) {}

  // `run(fixture)` does the operation once and returns whether its result was
  // the expected one.
  template <class Run>
  void Add(const char* operation, const char* side, const Run& run) const {
    const auto measure = [&fixtures = fixtures_, value_bytes = value_bytes_,
                          run](benchmark::State& state) {
      Fixture& fixture = fixtures.For(value_bytes);
      Measure(state, value_bytes, [&] { return run(fixture); });
    };
    RegisterCase(operation, side, place_, value_bytes_, measure);
  }

 private:
  Fixtures<size_t, Fixture>& fixtures_;
  const char* const place_;
  const size_t value_bytes_;
};

// RunProgram (program.h) with the cases that `register_cases` adds for each
// value size. `place` is the third part of their names.
template <class Fixture>
int RunFixtureProgram(int argc, char** argv, const std::string& peer,
                      const char* place, std::span<const size_t> value_sizes,
                      void (*register_cases)(const FixtureCases<Fixture>&)) {
  Fixtures<size_t, Fixture> fixtures;
  return RunProgram(argc, argv, peer, [&] {
    for (const size_t value_bytes : value_sizes) {
      register_cases(FixtureCases<Fixture>(fixtures, place, value_bytes));
    }
  });
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_FIXTURE_PROGRAM_H_
