// What all benchmark programs share: main, and the end after a failure.

#ifndef APPCACHE_BENCH_FRAME_PROGRAM_H_
#define APPCACHE_BENCH_FRAME_PROGRAM_H_

#include <functional>
#include <string>
#include <utility>

#include "appcache/error.h"

namespace appcache::bench {

// Keeps freed memory in the process. Otherwise the layout of the heap decides
// whether the C library returns the memory of each operation to the system,
// which can more than double its time. tools/bench-compare sets the same for
// builds that do not call this. RunProgram calls it.
void KeepFreedMemory();

// Reads the command line, calls `register_cases`, and runs the cases that the
// command line selects. `peer` names the library that the cache is compared
// with, and its version; it becomes part of the report. Returns the exit status
// of the program: 2 for an unknown argument.
int RunProgram(int argc, char** argv, const std::string& peer,
               const std::function<void()>& register_cases);
// The same with `run` in place of benchmark::RunSpecifiedBenchmarks().
int RunProgram(int argc, char** argv, const std::string& peer,
               const std::function<void()>& register_cases,
               const std::function<void()>& run);

// Prints the message and ends the program with status 1. For everything that
// makes the figures meaningless, such as a peer that fails.
[[noreturn]] void Fail(const std::string& message);

inline void Must(bool succeeded, const std::string& message) {
  if (!succeeded) Fail(message);
}
inline void Must(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

// The value of a result that must be one.
template <class T>
T ValueOrFail(Result<T> result) {
  Must(result.status());
  return *std::move(result);
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_PROGRAM_H_
