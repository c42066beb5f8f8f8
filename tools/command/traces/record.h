// appcache record: a trace of what a running program reads and writes.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_RECORD_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tools/command/traces/recorded_accesses.h"

namespace appcache::command {

struct RecordOptions {
  std::string recorder;  // the file that the program has made
  std::string output;
  RecordFormat format = RecordFormat::kOracleGeneral;
  // The share of the keys that are recorded.
  double sample = 0.01;
  // The recording ends after this time, or with this get; none: with a signal
  // or the program.
  std::optional<uint64_t> seconds;
  std::optional<uint64_t> requests;
  // The most disk space for recorded accesses, besides that of the trace.
  uint64_t max_bytes = uint64_t{1} << 30;
  bool json = false;
};
// The times of a recording have 32 bits in milliseconds.
inline constexpr uint64_t kMaxRecordSeconds = 30 * 24 * 3600;

int Record(const RecordOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_RECORD_H_
