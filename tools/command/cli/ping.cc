#include "tools/command/entries/ping.h"

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"

namespace appcache::command {
namespace {

Result<uint64_t> ParsePings(std::string_view text) {
  return internal::ParseNumber(text, 1, PingOptions::kMaxCount);
}

}  // namespace

void AddPing(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<PingOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"ping", "", 0, 0, "Measure the round trips to a cache",
       "Prints the backend, its limits, what clear would remove, and the\n"
       "durations of the round trips. The first one includes the connection.\n"
       "Changes nothing. Exit status 3: the cache does not answer.\n",
       "Examples:\n"
       "  appcache ping --cache redis://cache.example:6379/0\n"
       "  appcache ping --cache cache.db --count 1000 --json\n"},
      [options](const Operands&) { return Ping(*options); });
  AddValue(command, "--count", "N",
           "Ping N times, at most 100,000 (default: 100)", ParsePings,
           options->count);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
