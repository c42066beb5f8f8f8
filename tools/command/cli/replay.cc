#include "tools/command/traces/replay.h"

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cache/location.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/traces/capacities.h"

namespace appcache::command {
namespace {

Result<uint64_t> ParseValueSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size > kMaxReplayedValueBytes) {
    return Status(ErrorCode::kInvalidArgument, "must be at most 64MiB");
  }
  return size;
}

}  // namespace

void AddReplay(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"replay", "TRACE", 1, 1, "Measure a cache on a trace of requests",
       "TRACE has the requests of a program, such as one key per line, and\n"
       "may be compressed with gzip or zstd; - is standard input. Does each\n"
       "get, and on a miss a set, and the sets and deletes of the trace. Uses\n"
       "an in-memory cache, or with --cache an empty or new one. Values have\n"
       "the sizes and ttls that the trace states. Prints the hit ratios and\n"
       "the latencies, for each capacity.\n",
       "Examples:\n"
       "  appcache replay keys.txt.gz --max-entries 1000\n"
       "  appcache replay requests.csv --max-entries 100,1000,10000\n"},
      [options](const Operands& words) {
        options->trace = words[0];
        return Replay(*options);
      });
  AddValue(command, "--max-entries", "N,...",
           "Evict the least recently used entries above\n"
           "this number; a replay for each number",
           ParseCapacities, options->max_entries);
  AddValue(command, "--max-bytes", "SIZE,...",
           "Evict entries above this total size of keys\n"
           "and values; a replay for each size",
           ParseByteCapacities, options->max_bytes);
  AddTraceFormat(command, options->format);
  AddValue(command, "--value-bytes", "SIZE",
           "The size of values for which the trace states\n"
           "none (default: 100)",
           ParseValueSize, options->value_bytes);
  AddParsed(command, "--cache", "URI", "Use this cache, which must be empty",
            [options](const std::string& uri) {
              options->cache = uri;
              return ParseCacheUri(uri).status();
            });
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
