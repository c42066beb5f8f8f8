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
       "Works on SQLite files. Without a FILE, or if it is -, writes to\n"
       "standard output. Replaces FILE when the dump is complete; only you "
       "can\n"
       "read it. The dump may contain entries that are set or removed while "
       "it\n"
       "runs.\n",
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
       "Works on SQLite files. Without a FILE, or if it is -, reads from\n"
       "standard input. Entries keep their last access and expiry time, and\n"
       "replace entries with the same key. Loads each block of the dump in "
       "one\n"
       "transaction, and stops at the first damaged block. Evicts entries "
       "only\n"
       "when a limit is given.\n",
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
