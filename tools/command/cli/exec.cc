#include "tools/command/exec/exec.h"

#include <cstdint>
#include <memory>
#include <string>

#include "engine/uri/units.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/exec/cached_runs.h"
#include "tools/command/exec/exec_flags.h"
#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

constexpr const char* kDetails =
    R"(The command, its arguments, the file of its program and its scopes
identify a run. When two processes start the same run at once, one runs the
command, and the other waits and replays its output. Not cached: commands that
fail or are killed by a signal, and output larger than --max-output. A record
older than --ttl is not replayed, unless --stale allows it, and a failure only
with --cache-failures. The command inherits standard input, which does not
identify the run. It writes to pipes, not to a terminal. If the cache fails,
exec prints a warning and runs the command. exec limits a SQLite file to 10,000
entries and 1GiB, unless other limits are given. APPCACHE_CACHE is removed from
the environment of the command.

In the background, for --stale and --warm, the command has no terminal, an
empty standard input, and no other open files; its output is only recorded. A
refresh that fails leaves the old record, and is repeated after the ttl, or
after a minute if the ttl is longer.

APPCACHE_TTL, APPCACHE_STALE, APPCACHE_SCOPE, APPCACHE_MAX_OUTPUT,
APPCACHE_WAIT and APPCACHE_CACHE_TIMEOUT replace the options that are not
given. The command inherits them.

The exit status is that of the command: 128 + N if signal N killed it, 127 if
it was not found, 126 if it could not be executed, 1 or 141 if it succeeded
but its output could not be written. An error in the command line is 2. With
--warm it is 0 unless the cache cannot be used (3) or the program cannot be
executed; with --forget, 1 if the run was not cached, and 3 if there is no
cache, or the command still runs after --wait and may be cached again.
)";

constexpr const char* kUsage =
    "usage: appcache exec [OPTION]... -- COMMAND [ARG]...";

int RunExec(const ExecFlags& flags, const Operands& words) {
  Status valid = flags.Check();
  if (!valid.ok()) return FailUsage("exec: " + valid.message());
  if (flags.list) {
    if (words.empty()) return ListRuns({flags.options.cache, flags.json});
    return FailUsage("exec: --list takes no command");
  }
  if (words.empty()) {
    return FailUsage(std::string("exec: missing operand; ") + kUsage);
  }
  Result<ExecOptions> options = flags.Resolve();
  if (!options.ok()) return FailUsage("exec: " + options.error().message);
  options->command = words;
  if (!flags.forget) return Exec(*std::move(options));
  return ForgetRun(
      {options->cache, options->command, options->scopes, options->wait});
}

void AddModes(CLI::App& command, ExecFlags& flags) {
  AddFlag(command, "--refresh", "Run the command, and replace the cached run",
          flags.options.refresh);
  AddFlag(command, "--warm",
          "Run the command in the background, even if it is\n"
          "cached, and return at once. Prints nothing",
          flags.options.warm);
  AddFlag(command, "--list",
          "Print the cached runs: age, size, exit status\n"
          "and command",
          flags.list);
  AddFlag(command, "--forget",
          "Remove the cached run, after waiting for a process\n"
          "that runs the command. The exit status is 1 if\n"
          "there was none",
          flags.forget);
}

void AddLifetime(CLI::App& command, ExecFlags& flags) {
  AddValue(command, "--ttl", "DURATION",
           "How long to replay the run: 30s, 10m, 1h, 7d;\n"
           "0: without a limit (default: $APPCACHE_TTL, or\n1h)",
           internal::ParseDuration, flags.ttl);
  AddValue(command, "--stale", "DURATION",
           "After the ttl, replay the run for so long, while\n"
           "it is refreshed in the background (default:\n"
           "$APPCACHE_STALE, or 0)",
           internal::ParseDuration, flags.stale);
}

void AddTimes(CLI::App& command, ExecFlags& flags) {
  AddValue(command, "--wait", "DURATION",
           "How long to wait for another process that runs\n"
           "the command, before running it too, or before\n"
           "--forget fails (default:\n"
           "$APPCACHE_WAIT, or 1m)",
           ParseWait, flags.wait);
  AddValue(command, "--cache-timeout", "DURATION",
           "How long to wait for the cache, before running\n"
           "the command without it (default:\n"
           "$APPCACHE_CACHE_TIMEOUT, or 10s)",
           ParseTimeout, flags.cache_timeout);
}

void AddIdentityAndOutput(CLI::App& command, ExecFlags& flags) {
  AddRepeated(command, "--scope", "cwd|env:NAME|file:PATH|NAME",
              "Also identify the run by: cwd (the directory),\n"
              "env:NAME (the value of a variable), file:PATH\n"
              "(the content of a file), or a name of your\n"
              "choice, which replaces $APPCACHE_SCOPE. May be\n"
              "repeated",
              [&flags](const std::string& text) {
                Result<Scope> scope = ParseScope(text);
                if (!scope.ok()) return scope.status();
                flags.options.scopes.push_back(*std::move(scope));
                return Status();
              });
  AddFlag(command, "--cache-failures",
          "Also cache, and replay, runs with an exit\nstatus other than 0",
          flags.options.cache_failures);
  AddValue(command, "--max-output", "SIZE",
           "Do not cache larger output (default:\n"
           "$APPCACHE_MAX_OUTPUT, or 8MiB)",
           ParseOutputSize, flags.max_output);
}

void AddFileOptions(CLI::App& command, ExecFlags& flags) {
  AddValue(command, "--mode", "OCTAL",
           "Share the cache with other users: the\n"
           "permissions of the files that exec creates, such\n"
           "as 0660. Without it, they are 0600, and a cache\n"
           "of another user is not used",
           ParseMode, flags.options.mode);
  AddFlag(command, "--pass-cache",
          "Leave APPCACHE_CACHE in the environment of the\ncommand",
          flags.options.pass_cache);
  AddCacheOption(command, flags.options.cache);
  AddLimitOptions(command, flags.options.cache);
}

}  // namespace

void AddExec(CLI::App& app, CommandLine& line) {
  const auto flags = std::make_shared<ExecFlags>();
  const CommandText text = {
      "exec",
      "-- COMMAND [ARG]...",
      0,
      SIZE_MAX,
      "Run a command once, then replay its output",
      kDetails,
      "Examples:\n"
      "  appcache exec --ttl 10m -- curl -s https://example.com/rates.json\n"
      "  appcache exec --ttl 10s --stale 1d -- git ls-remote origin\n"
      "  appcache exec --scope cwd --scope file:go.mod -- go list -m all\n"
      "  appcache exec --list\n",
      /*only_after_dashes=*/true};
  CLI::App& command = AddCommand(
      app, line, text,
      [flags](const Operands& words) { return RunExec(*flags, words); });
  AddLifetime(command, *flags);
  AddModes(command, *flags);
  AddIdentityAndOutput(command, *flags);
  AddTimes(command, *flags);
  AddFileOptions(command, *flags);
  AddFlag(command, "--json", "With --list: print the runs as JSON",
          flags->json);
}

}  // namespace appcache::command
