#include "tools/command/entries/listing.h"

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/entries/top.h"
#include "tools/command/io/repeat.h"
#include "tools/command/stats/stats.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

void AddKeys(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<KeysOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"keys", "[PATTERN]", 0, 1, "List the keys",
       "Works on SQLite files, LMDB directories and Redis servers, and reads\n"
       "all keys. Prints whole key paths, for use with --key-path, in no\n"
       "particular order; a server may report a key twice. On a terminal,\n"
       "control characters are escaped (\\n, \\x1b).\n"
       "\n"
       "A PATTERN selects keys, which are those of one prefix, as a KEY is:\n"
       "  *      any characters, also / and none\n"
       "  ?      one character\n"
       "  [a-z]  one of these characters; [!a-z] any other\n"
       "  \\c     the character c itself\n",
       "Examples:\n"
       "  appcache keys 'user/*' --limit 10\n"
       "  appcache keys --key-path 'other-prefix/*'\n"
       "  appcache keys --null | xargs -0 appcache del --key-path --\n"},
      [options](const Operands& words) {
        if (!words.empty()) options->pattern = words[0];
        return Keys(*options);
      });
  AddKeyOptions(command, options->keys);
  AddValue(command, "--limit", "N", "Print at most N keys",
           internal::ParseCount, options->limit);
  AddFlag(command, "--null", "End each key with a NUL, not with a newline",
          options->null);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

Result<MetricNames> ParseNames(std::string_view text) {
  if (text == "appcache") return MetricNames::kAppcache;
  if (text == "micrometer") return MetricNames::kMicrometer;
  return Status(ErrorCode::kInvalidArgument,
                Quoted(text) +
                    " is not a set of names; write appcache or "
                    "micrometer");
}

Result<std::chrono::milliseconds> ParseTimeout(std::string_view text) {
  Result<std::chrono::milliseconds> timeout = internal::ParseDuration(text);
  if (timeout.ok() && (timeout->count() < 1 || *timeout > kMaxStatsTimeout)) {
    return Status(ErrorCode::kInvalidArgument, "must be from 1ms to 1h");
  }
  return timeout;
}

void AddStats(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<StatsOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"stats", "", 0, 0, "Print the size and counters of a cache or a program",
       "Entries and bytes include expired entries until they are removed. A\n"
       "server does not report them. Each program counts its own reads,\n"
       "writes and evictions, so those that --prometheus prints for this\n"
       "command are zero. For a tier, prints how its remote cache publishes\n"
       "changes, how many it has published and how late, and the state of the\n"
       "circuit breaker.\n"
       "\n"
       "With --recorder, prints the counters of the caches of a running "
       "program\n"
       "instead, and what they would hit with more or fewer entries.\n",
       "Examples:\n"
       "  appcache stats --cache /var/cache/app/cache.db\n"
       "  appcache stats --watch=500ms --cache 'tiered:memory:x|redis://HOST'\n"
       "  appcache stats --watch=1m --json >> stats.jsonl\n"
       "  appcache stats --recorder /run/app/cache.record\n"
       "  appcache stats --prometheus --names micrometer\n"},
      [options](const Operands&) { return Stats(*options); });
  AddOptional(command, "--watch", "INTERVAL",
              "Print at this interval, from 1ms to 1d\n"
              "(default: 1s), with changes per second: in\n"
              "place on a terminal, otherwise one line each\n"
              "time. Ends when interrupted or when the output\n"
              "is closed. When the cache does not answer,\n"
              "prints the error and tries again",
              "1s", [options](const std::string& text) {
                const auto interval = ParseInterval(text);
                if (interval.ok()) options->watch = *interval;
                return interval.status();
              });
  AddValue(command, "--count", "N", "With --watch: exit after N reports",
           internal::ParseCount, options->count);
  AddFlag(command, "--prometheus",
          "Print all counters in the text format of\nPrometheus",
          options->prometheus);
  AddValue(command, "--names", "appcache|micrometer",
           "With --prometheus: the names of the counters:\n"
           "those of appcache (the default), or the names\n"
           "that Micrometer gives to the counters of other\n"
           "caches, as dashboards of Spring Boot use them",
           ParseNames, options->names);
  AddParsed(command, "--recorder", "FILE",
            "Ask the program that has made this file with\n"
            "AccessRecorder::Create. A cache of it answers\n"
            "when it is accessed",
            [options](const std::string& file) {
              options->recorder = file;
              return Status();
            });
  AddValue(command, "--timeout", "DURATION",
           "With --recorder: wait so long for the answer, at\n"
           "most 1h (default: 2s)",
           ParseTimeout, options->timeout);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

Result<TopOrder> ParseOrder(std::string_view text) {
  if (text == "size") return TopOrder::kSize;
  if (text == "age") return TopOrder::kAge;
  if (text == "use") return TopOrder::kUse;
  return Status(ErrorCode::kInvalidArgument,
                Quoted(text) + " is not an order; write size, age or use");
}

void AddTop(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"top", "", 0, 0, "Print the largest or least recently used entries",
       "Works on SQLite files, LMDB directories and Redis servers. Reads all\n"
       "keys but no values. Only on Redis does that count as an access. Only\n"
       "a SQLite file knows the last access.\n",
       "Examples:\n"
       "  appcache top --by age --limit 10\n"
       "  appcache top --watch 2\n"},
      [options](const Operands&) { return Top(*options); });
  AddValue(command, "--by", "size|age|use",
           "size: the largest first; age: the least\n"
           "recently used first, which are evicted next;\n"
           "use: the most recently used first (default:\n"
           "size)",
           ParseOrder, options->order);
  AddValue(command, "--limit", "N", "Print at most N entries (default: 20)",
           internal::ParseCount, options->limit);
  AddValue(command, "--watch", "INTERVAL",
           "On a terminal: redraw at this interval, until\n"
           "interrupted or q is typed",
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
