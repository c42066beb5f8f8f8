#include "tools/command/dump/transfer.h"

#include <memory>

#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

Result<DumpFormat> ParseFormat(std::string_view text) {
  if (text == "binary") return DumpFormat::kBinary;
  if (text == "jsonl") return DumpFormat::kLines;
  return Status(ErrorCode::kInvalidArgument,
                Quoted(text) + " is not a format; write binary or jsonl");
}

}  // namespace

void AddTransferCommands(CLI::App& app, CommandLine& line) {
  const auto dump = std::make_shared<DumpOptions>();
  CLI::App& dump_command = AddCommand(
      app, line,
      {"dump", "[FILE]", 0, 1, "Write all entries to a file",
       "Works on SQLite files, LMDB directories and Redis servers. Without a\n"
       "FILE, or if it is -, writes to standard output. Replaces FILE when "
       "the\n"
       "dump is complete; only you can read it. The dump may contain entries\n"
       "that are set or removed while it runs.\n",
       "Examples:\n"
       "  appcache dump --cache app.db app.dump\n"
       "  appcache dump --cache app.db | zstd > app.dump.zst\n"
       "  appcache dump --format jsonl | jq -c 'select(.key)'\n"},
      [dump](const Operands& words) {
        if (!words.empty()) dump->file = words[0];
        return Dump(*dump);
      });
  AddValue(dump_command, "--format", "FORMAT",
           "binary, or jsonl: a line of JSON for each entry\n"
           "(default: binary)",
           ParseFormat, dump->format);
  AddCacheOption(dump_command, dump->cache);
  AddJsonOption(dump_command, dump->json);

  const auto load = std::make_shared<LoadOptions>();
  CLI::App& load_command = AddCommand(
      app, line,
      {"load", "[FILE]", 0, 1, "Add the entries of a dump",
       "Works on every cache, and recognises both formats of a dump. Without "
       "a\n"
       "FILE, or if it is -, reads from standard input. Entries keep their\n"
       "expiry time, and in a SQLite file their last access, and replace\n"
       "entries with the same key. Stops at the first damaged block or line;\n"
       "the entries before it are loaded. Evicts entries only when a limit is\n"
       "given.\n",
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
