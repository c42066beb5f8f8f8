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
       "counts as a use. Exit status 1: there is no such entry.\n",
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
       "A VALUE of -, or none, is standard input. Evicts from a file "
       "only if\ntold a limit.\n",
       "Examples:\n"
       "  appcache set --ttl 1h greeting hello\n"
       "  appcache set --compress page/home - < home.html\n"},
      [options](const Operands& words) {
        options->key = words[0];
        options->value = words.size() > 1 ? words[1] : "-";
        if (words.size() < 2 && isatty(STDIN_FILENO)) {
          return FailUsage(
              "set: it needs a VALUE, or - to read one "
              "from standard input");
        }
        return Set(*options);
      });
  AddValue(command, "--ttl", "DURATION",
           "Until it ends: 30s, 10m, 1h, 7d (default never)", ParseDuration,
           options->ttl);
  AddFlag(command, "--compress", "Store it compressed (gzip)",
          options->compress);
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddDel(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<DelOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"del", "KEY...", 1, SIZE_MAX, "Remove entries",
       "Prints how many there were. One that was not there is no failure.\n",
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
  CLI::App& command =
      AddCommand(app, line,
                 {"ttl", "KEY", 1, 1, "Print how long an entry lives on",
                  "Prints seconds, or never. Does not count as a use. Exit "
                  "status 1: there\n"
                  "is no such entry.\n",
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
