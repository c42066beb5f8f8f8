#include <memory>

#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/upkeep.h"

namespace appcache::command {

void AddUpkeepCommands(CLI::App& app, CommandLine& line) {
  const auto clear = std::make_shared<ClearOptions>();
  CLI::App& clear_command = AddCommand(
      app, line,
      {"clear", "", 0, 0, "Remove every entry",
       "Every entry, whatever its prefix and whoever set it: of a file, or on "
       "a\n"
       "server what appcache ping says. Asks first; without a terminal to ask "
       "on,\n"
       "it takes --yes.\n",
       "Example:\n  appcache clear --cache /var/cache/app/cache.db --yes\n"},
      [clear](const Operands&) { return Clear(*clear); });
  AddFlag(clear_command, "--yes", "Do not ask", clear->yes);
  AddCacheOption(clear_command, clear->cache);
  AddJsonOption(clear_command, clear->json);

  const auto check = std::make_shared<CheckOptions>();
  CLI::App& check_command = AddCommand(
      app, line,
      {"check", "", 0, 0, "Verify the cache, and mend it",
       "Of a SQLite file: verifies its pages, that its tables agree, and that "
       "its\n"
       "counts equal the sums. Reads all of it and keeps writers out "
       "meanwhile.\n"
       "Exit status 3: there are problems, or with --fix, some remain.\n",
       "Example:\n  appcache check --cache /var/cache/app/cache.db --fix\n"},
      [check](const Operands&) { return Check(*check); });
  AddFlag(check_command, "--fix",
          "Remove entries that are damaged, correct counts", check->fix);
  AddCacheOption(check_command, check->cache);
  AddJsonOption(check_command, check->json);
}

}  // namespace appcache::command
