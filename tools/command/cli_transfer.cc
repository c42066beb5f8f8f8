#include <memory>

#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/transfer.h"

namespace appcache::command {

void AddTransferCommands(CLI::App& app, CommandLine& line) {
  const auto dump = std::make_shared<DumpOptions>();
  CLI::App& dump_command = AddCommand(
      app, line,
      {"dump", "[FILE]", 0, 1, "Write all entries to a file",
       "Of a SQLite file. Writes to standard output without a FILE, or if it\n"
       "is -. A FILE is replaced when the dump is complete, and only you can\n"
       "read it. Entries that are set or removed meanwhile may be in the dump\n"
       "or not.\n",
       "Examples:\n"
       "  appcache dump --cache app.db app.dump\n"
       "  appcache dump --cache app.db | zstd > app.dump.zst\n"},
      [dump](const Operands& words) {
        if (!words.empty()) dump->file = words[0];
        return Dump(*dump);
      });
  AddCacheOption(dump_command, dump->cache);
  AddJsonOption(dump_command, dump->json);

  const auto load = std::make_shared<LoadOptions>();
  CLI::App& load_command = AddCommand(
      app, line,
      {"load", "[FILE]", 0, 1, "Add the entries of a dump",
       "Into a SQLite file. Reads standard input without a FILE, or if it is\n"
       "-. Entries keep their recency and the end of their ttl, and replace\n"
       "those of the same key. Loads block by block, each one whole or not at\n"
       "all, and stops at the first that is damaged. Evicts only if told a\n"
       "limit.\n",
       "Examples:\n"
       "  appcache load --cache copy.db app.dump\n"
       "  zstd -dc app.dump.zst | appcache load --cache copy.db\n"},
      [load](const Operands& words) {
        if (!words.empty()) load->file = words[0];
        return Load(*load);
      });
  AddCacheOption(load_command, load->cache);
  AddLimitOptions(load_command, load->cache);
  AddJsonOption(load_command, load->json);
}

}  // namespace appcache::command
