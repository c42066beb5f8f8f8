#include <chrono>
#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/listing.h"
#include "tools/command/top.h"

namespace appcache::command {
namespace {

void AddKeys(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<KeysOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"keys", "", 0, 0, "List the keys",
       "Of a SQLite file. Prints whole key paths, as --raw takes them, in no\n"
       "particular order. On a terminal, control characters are escaped (\\n,\n"
       "\\x1b).\n",
       "Examples:\n"
       "  appcache keys --prefix pyappcache/user/ --limit 10\n"
       "  appcache keys --null | xargs -0 appcache del --raw --\n"},
      [options](const Operands&) { return Keys(*options); });
  AddParsed(command, "--prefix", "TEXT", "Only key paths that begin with this",
            [options](const std::string& text) {
              options->prefix = text;
              return Status();
            });
  AddValue(command, "--limit", "N", "At most this many", ParseCount,
           options->limit);
  AddFlag(command, "--null", "A NUL after each instead of a newline",
          options->null);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddStats(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<StatsOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"stats", "", 0, 0, "Print how much is in the cache",
       "Entries whose ttl has ended count until they are removed. Hits and\n"
       "misses are counted by the programs that use a cache, not in it. A "
       "server\n"
       "tells less.\n",
       "Example:\n  appcache stats --cache /var/cache/app/cache.db\n"},
      [options](const Operands&) { return Stats(*options); });
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

Result<TopOrder> ParseOrder(std::string_view text) {
  if (text == "size") return TopOrder::kSize;
  if (text == "age") return TopOrder::kAge;
  if (text == "use") return TopOrder::kUse;
  return Status(
      ErrorCode::kInvalidArgument,
      "'" + std::string(text) + "' is not an order: write size, age or use");
}

Result<std::chrono::milliseconds> ParseInterval(std::string_view text) {
  Result<std::chrono::milliseconds> interval = ParseDuration(text);
  if (interval.ok() && interval->count() == 0) {
    return Status(ErrorCode::kInvalidArgument, "it must be more than 0");
  }
  return interval;
}

void AddTop(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"top", "", 0, 0, "Show the largest, oldest or latest used entries",
       "Of a SQLite file. Reads all keys, and no values; does not count as a\n"
       "use.\n",
       "Examples:\n"
       "  appcache top --by age --limit 10\n"
       "  appcache top --watch 2\n"},
      [options](const Operands&) { return Top(*options); });
  AddValue(command, "--by", "ORDER",
           "size: the largest first; age: the longest\n"
           "unused, evicted next; use: the last used\n"
           "(default size)",
           ParseOrder, options->order);
  AddValue(command, "--limit", "N", "At most this many (default 20)",
           ParseCount, options->limit);
  AddValue(command, "--watch", "SECONDS",
           "On a terminal: draw again this often, until\ninterrupted",
           ParseInterval, options->watch);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

}  // namespace

void AddListingCommands(CLI::App& app, CommandLine& line) {
  AddKeys(app, line);
  AddStats(app, line);
  AddTop(app, line);
}

}  // namespace appcache::command
