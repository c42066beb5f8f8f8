#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/exec.h"

namespace appcache::command {
namespace {

// With this limit, a record fits into the largest value of a cache.
constexpr uint64_t kMaxOutput = uint64_t{512} << 20;

constexpr const char* kDetails =
    R"(The command, its arguments and its scopes identify a run. When two
processes start the same run at once, one runs the command, and the other
waits and replays its output. Not cached: commands that fail or are killed by
a signal, and output larger than --max-output. The command inherits standard
input, which does not identify the run. It writes to pipes, not to a terminal.
If the cache fails, exec prints a warning and runs the command. exec limits a
SQLite file to 10,000 entries and 1GiB, unless other limits are given.

The exit status is that of the command: 128 + N if signal N killed it, 127 if
it was not found, 126 if it could not be executed. An error in the command
line is 2.
)";

Result<uint64_t> ParseOutputSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size > kMaxOutput) {
    return Status(ErrorCode::kInvalidArgument,
                  "must be at most 512MiB, the largest output of a run");
  }
  return size;
}

}  // namespace

void AddExec(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<ExecOptions>();
  const CommandText text = {
      "exec",
      "-- COMMAND [ARG]...",
      1,
      SIZE_MAX,
      "Run a command once, then replay its output",
      kDetails,
      "Examples:\n"
      "  appcache exec --ttl 10m -- curl -s https://example.com/rates.json\n"
      "  appcache exec --scope cwd --scope file:go.mod -- go list -m all\n",
      /*only_after_dashes=*/true};
  CLI::App& command =
      AddCommand(app, line, text, [options](const Operands& words) {
        options->command = words;
        return Exec(*options);
      });
  AddValue(command, "--ttl", "DURATION",
           "How long to replay the run: 30s, 10m, 1h, 7d;\n"
           "0: without a limit (default: 1h)",
           internal::ParseDuration, options->ttl);
  AddFlag(command, "--refresh", "Run the command, and replace the cached run",
          options->refresh);
  AddRepeated(command, "--scope", "WHAT",
              "Also identify the run by: cwd (the directory),\n"
              "env:NAME (the value of a variable), file:PATH\n"
              "(the content of a file). May be repeated",
              [options](const std::string& text) {
                Result<Scope> scope = ParseScope(text);
                if (!scope.ok()) return scope.status();
                options->scopes.push_back(*std::move(scope));
                return Status();
              });
  AddFlag(command, "--cache-failures",
          "Also cache runs with an exit status other\nthan 0",
          options->cache_failures);
  AddValue(command, "--max-output", "SIZE",
           "Do not cache larger output (default: 8MiB)", ParseOutputSize,
           options->max_output);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
}

}  // namespace appcache::command
