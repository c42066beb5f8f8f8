#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/location.h"
#include "tools/command/replay.h"

namespace appcache::command {
namespace {

// A replay keeps one value in memory per entry.
constexpr uint64_t kMostValueBytes = uint64_t{64} << 20;

Result<uint64_t> ParseValueSize(std::string_view text) {
  Result<uint64_t> size = ParseSize(text);
  if (size.ok() && *size > kMostValueBytes) {
    return Status(ErrorCode::kInvalidArgument,
                  "the values of a replay have at most 64MiB");
  }
  return size;
}

}  // namespace

void AddReplay(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"replay", "TRACE", 1, 1, "Measure a cache on a trace of keys",
       "TRACE has one key a line, in gzip or not; - is standard input. Each "
       "is\n"
       "a get, and a set if that misses. Runs in memory, in a cache of its "
       "own,\n"
       "or with --cache in one that is empty, or a file that is not there "
       "yet.\n",
       "Example:\n  appcache replay keys.txt.gz --max-entries 1000\n"},
      [options](const Operands& words) {
        options->trace = words[0];
        return Replay(*options);
      });
  AddLimitOptions(command, options->cache);
  AddValue(command, "--value-bytes", "SIZE",
           "How large a value is (default 100)", ParseValueSize,
           options->value_bytes);
  AddParsed(command, "--cache", "URI",
            "Run in this one instead, which must be empty",
            [options](const std::string& uri) {
              options->cache.uri = uri;
              return ParseCacheUri(uri).status();
            });
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
