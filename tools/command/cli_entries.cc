#include <unistd.h>

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/entries.h"
#include "tools/command/report.h"

namespace appcache::command {
namespace {

void AddGet(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"get", "KEY", 1, 1, "Print a value",
       "Prints the bytes of the value, decompressed, and nothing else. A hit\n"
       "counts as an access. Exit status 1: there is no such entry.\n",
       "Example:\n  appcache get --cache /var/cache/app/cache.db user/7\n"},
      [options](const Operands& words) {
        options->key = words[0];
        return Get(*options);
      });
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddSet(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<SetOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"set", "KEY [VALUE]", 1, 2, "Store a value",
       "Without a VALUE, or if it is -, reads the value from standard input.\n"
       "Evicts entries of a file only when a limit is given.\n",
       "Examples:\n"
       "  appcache set --ttl 1h greeting hello\n"
       "  appcache set --compress page/home - < home.html\n"},
      [options](const Operands& words) {
        options->key = words[0];
        options->value = words.size() > 1 ? words[1] : "-";
        if (words.size() < 2 && isatty(STDIN_FILENO)) {
          return FailUsage(
              "set: missing VALUE; write -, to type it on standard input");
        }
        return Set(*options);
      });
  AddValue(command, "--ttl", "DURATION",
           "Expire the entry after this time: 30s, 10m,\n"
           "1h, 7d (default: never)",
           internal::ParseDuration, options->ttl);
  AddFlag(command, "--compress", "Compress the value with gzip",
          options->compress);
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddDel(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<DelOptions>();
  CLI::App& command =
      AddCommand(app, line,
                 {"del", "KEY...", 1, SIZE_MAX, "Remove entries",
                  "Prints the number of removed entries. A missing entry is "
                  "not an error.\n",
                  "Example:\n  appcache del user/7 user/8\n"},
                 [options](const Operands& words) {
                   options->names = words;
                   return Del(*options);
                 });
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddTtl(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<TtlOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"ttl", "KEY", 1, 1, "Print the remaining ttl of an entry",
       "Prints the seconds until the entry expires, or never. Does not\n"
       "count as an access. Exit status 1: there is no such entry.\n",
       "Example:\n  appcache ttl user/7\n"},
      [options](const Operands& words) {
        options->key = words[0];
        return Ttl(*options);
      });
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

}  // namespace

void AddEntryCommands(CLI::App& app, CommandLine& line) {
  AddGet(app, line);
  AddSet(app, line);
  AddDel(app, line);
  AddTtl(app, line);
}

}  // namespace appcache::command
