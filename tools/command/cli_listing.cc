#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/listing.h"
#include "tools/command/repeat.h"
#include "tools/command/stats.h"
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
       "Entries and bytes are those of the cache itself, whoever put them\n"
       "there; an entry whose ttl has ended counts until it is removed. A\n"
       "server tells less. Reads, writes and evictions each program counts\n"
       "for itself, not in the cache: those of this command are zero, with\n"
       "--prometheus and of a tier too. Of a tier look at whether its remote\n"
       "tells of changes, of how many, how late, and whether it is asked.\n",
       "Examples:\n"
       "  appcache stats --cache /var/cache/app/cache.db\n"
       "  appcache stats --watch=500ms --cache 'tiered:memory:x|redis://HOST'\n"
       "  appcache stats --watch=1m --json >> stats.jsonl\n"},
      [options](const Operands&) { return Stats(*options); });
  AddOptional(command, "--watch", "INTERVAL",
              "Print again this often (1s, if nothing is\n"
              "said; 1ms to 1d), with what changed in a\n"
              "second: on a terminal in place, otherwise a\n"
              "line each time; until interrupted, or nobody\n"
              "reads it any more. When the cache does not\n"
              "answer, that is printed, and asked again",
              "1s", [options](const std::string& text) {
                const auto interval = ParseInterval(text);
                if (interval.ok()) options->watch = *interval;
                return interval.status();
              });
  AddValue(command, "--count", "N", "With --watch: print this often, and end",
           ParseCount, options->count);
  AddFlag(command, "--prometheus",
          "Print all counters and figures as Prometheus\n"
          "scrapes them",
          options->prometheus);
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
  AddValue(command, "--watch", "INTERVAL",
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
