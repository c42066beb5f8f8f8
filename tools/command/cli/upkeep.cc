#include "tools/command/entries/upkeep.h"

#include <memory>

#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/io/report.h"

namespace appcache::command {

void AddUpkeepCommands(CLI::App& app, CommandLine& line) {
  const auto clear = std::make_shared<ClearOptions>();
  CLI::App& clear_command = AddCommand(
      app, line,
      {"clear", "[KEYPREFIX]", 0, 1, "Remove every entry, or those of a prefix",
       "Removes every entry of a file, whatever its prefix. On a server,\n"
       "removes what appcache ping prints after \"clear removes\", which\n"
       "includes the entries of other programs. Asks for confirmation on a\n"
       "terminal; elsewhere, requires --yes.\n"
       "\n"
       "With a KEYPREFIX, removes the entries whose key starts with it, and\n"
       "with --prefix alone, those of that prefix. Neither asks for\n"
       "confirmation. They work on SQLite files, LMDB directories and Redis\n"
       "servers, and read all keys.\n",
       "Examples:\n"
       "  appcache clear --cache /var/cache/app/cache.db --yes\n"
       "  appcache clear user/7/\n"},
      [clear](const Operands& words) {
        if (!words.empty()) clear->key_prefix = words[0];
        // That of a script may be a variable that is not set.
        if (clear->key_prefix == "") {
          return FailUsage(
              "clear: the KEYPREFIX is empty; omit it to remove every entry");
        }
        return Clear(*clear);
      });
  AddFlag(clear_command, "--yes", "Do not ask for confirmation", clear->yes);
  AddKeyOptions(clear_command, clear->keys);
  AddCacheOption(clear_command, clear->cache);
  AddJsonOption(clear_command, clear->json);

  const auto check = std::make_shared<CheckOptions>();
  CLI::App& check_command = AddCommand(
      app, line,
      {"check", "", 0, 0, "Verify a cache, and repair it",
       "Works on SQLite files. Verifies the pages, the consistency of the\n"
       "tables, and the stored counts. Reads the whole file and blocks "
       "writers\n"
       "while it runs. Exit status 3: there are problems, or with --fix, some\n"
       "remain.\n",
       "Example:\n  appcache check --cache /var/cache/app/cache.db --fix\n"},
      [check](const Operands&) { return Check(*check); });
  AddFlag(check_command, "--fix",
          "Remove damaged entries and correct the counts", check->fix);
  AddCacheOption(check_command, check->cache);
  AddJsonOption(check_command, check->json);
}

}  // namespace appcache::command
