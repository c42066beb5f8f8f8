#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/exec.h"

namespace appcache::command {
namespace {

// So that a record stays within what one entry may hold.
constexpr uint64_t kMostOutput = uint64_t{512} << 20;

constexpr const char* kDetails =
    R"(Two execs are the same run when command, arguments and scope are equal.
When two want the same run at once, one runs it and the other waits for that
and replays it. Failed commands are not cached, nor ones killed by a signal,
nor output beyond --max-output. The command inherits standard input, which is
no part of the run; its output is a pipe, not a terminal. If the cache fails,
exec warns and runs the command all the same. Without limits of yours, exec
keeps a SQLite file to 10,000 entries and 1GiB.

The exit status is the command's: 128 and N if signal N killed it, 127 if it
was not found, 126 if it cannot be executed. 2 is also a wrong option.
)";

Result<uint64_t> ParseOutputSize(std::string_view text) {
  Result<uint64_t> size = ParseSize(text);
  if (size.ok() && *size > kMostOutput) {
    return Status(ErrorCode::kInvalidArgument,
                  "at most 512MiB of output can be cached");
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
      "Run a command once, then replay what it wrote",
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
           "How long the run counts: 30s, 10m, 1h, 7d;\n"
           "0: for ever (default 1h)",
           ParseDuration, options->ttl);
  AddFlag(command, "--refresh", "Run it now, and replace what is cached",
          options->refresh);
  AddRepeated(command, "--scope", "WHAT",
              "What else makes it another run: cwd, env:NAME\n"
              "(a variable's value), file:PATH (a file's\n"
              "content). Any number of times",
              [options](const std::string& text) {
                Result<Scope> scope = ParseScope(text);
                if (!scope.ok()) return scope.status();
                options->scopes.push_back(*std::move(scope));
                return Status();
              });
  AddFlag(command, "--cache-failures", "Cache the run whatever its exit status",
          options->cache_failures);
  AddValue(command, "--max-output", "SIZE",
           "Do not cache more output (default 8MiB)", ParseOutputSize,
           options->max_output);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
}

}  // namespace appcache::command
