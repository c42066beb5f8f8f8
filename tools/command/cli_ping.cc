#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/ping.h"

namespace appcache::command {
namespace {

Result<uint64_t> ParsePings(std::string_view text) {
  return ParseNumber(text, 1, PingOptions::kMaxCount);
}

}  // namespace

void AddPing(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<PingOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"ping", "", 0, 0, "Ask a cache whether it answers, and how fast",
       "Prints what the cache is, what clear would remove, its limits, and "
       "how\n"
       "long round trips take, the first of which connects. Changes nothing, "
       "and\n"
       "is no use of an entry. Exit status 3: it does not answer.\n",
       "Examples:\n"
       "  appcache ping --cache redis://cache.example:6379/0\n"
       "  appcache ping --cache cache.db --count 1000 --json\n"},
      [options](const Operands&) { return Ping(*options); });
  AddValue(command, "--count", "N",
           "Ping so often, up to 100,000 (default 100)", ParsePings,
           options->count);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
