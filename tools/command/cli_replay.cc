#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/location.h"
#include "tools/command/replay.h"

namespace appcache::command {
namespace {

// The cache of a replay keeps one value per entry in memory.
constexpr uint64_t kMaxValueBytes = uint64_t{64} << 20;

Result<uint64_t> ParseValueSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size > kMaxValueBytes) {
    return Status(ErrorCode::kInvalidArgument, "must be at most 64MiB");
  }
  return size;
}

}  // namespace

void AddReplay(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"replay", "TRACE", 1, 1, "Measure a cache on a trace of keys",
       "TRACE has one key per line, and may be compressed with gzip; - is\n"
       "standard input. For each key, does a get and, on a miss, a set. Uses\n"
       "an in-memory cache, or with --cache an empty or new one. Prints the\n"
       "hit ratio and the latencies.\n",
       "Example:\n  appcache replay keys.txt.gz --max-entries 1000\n"},
      [options](const Operands& words) {
        options->trace = words[0];
        return Replay(*options);
      });
  AddLimitOptions(command, options->cache);
  AddValue(command, "--value-bytes", "SIZE",
           "The size of each value (default: 100)", ParseValueSize,
           options->value_bytes);
  AddParsed(command, "--cache", "URI", "Use this cache, which must be empty",
            [options](const std::string& uri) {
              options->cache.uri = uri;
              return ParseCacheUri(uri).status();
            });
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
