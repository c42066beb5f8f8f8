#include <charconv>
#include <chrono>
#include <memory>
#include <system_error>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/cli_options.h"
#include "tools/command/exec.h"

namespace appcache::command {
namespace {

// With this limit, a record fits into the largest value of a cache.
constexpr uint64_t kMaxOutput = uint64_t{512} << 20;

constexpr const char* kDetails =
    R"(The command, its arguments, the file of its program and its scopes
identify a run. When two processes start the same run at once, one runs the
command, and the other waits and replays its output. Not cached: commands that
fail or are killed by a signal, and output larger than --max-output. A record
older than --ttl is not replayed, and a failure only with --cache-failures.
The command inherits standard input, which does not identify the run. It
writes to pipes, not to a terminal. If the cache fails, exec prints a warning
and runs the command. exec limits a SQLite file to 10,000 entries and 1GiB,
unless other limits are given. APPCACHE_CACHE is removed from the environment
of the command.

The exit status is that of the command: 128 + N if signal N killed it, 127 if
it was not found, 126 if it could not be executed, 1 or 141 if it succeeded
but its output could not be written. An error in the command line is 2.
)";

Result<uint64_t> ParseOutputSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size > kMaxOutput) {
    return Status(ErrorCode::kInvalidArgument,
                  "must be at most 512MiB, the largest output of a run");
  }
  return size;
}

using std::chrono::milliseconds;

// A duration up to a day, so that sums of them do not overflow.
Result<milliseconds> ParseWait(std::string_view text) {
  Result<milliseconds> wait = internal::ParseDuration(text);
  if (wait.ok() && *wait > std::chrono::hours(24)) {
    return Status(ErrorCode::kInvalidArgument, "must be at most 1d");
  }
  return wait;
}

Result<milliseconds> ParseTimeout(std::string_view text) {
  Result<milliseconds> timeout = ParseWait(text);
  if (timeout.ok() && *timeout < milliseconds(1)) {
    return Status(ErrorCode::kInvalidArgument, "must be at least 1ms");
  }
  return timeout;
}

Result<mode_t> ParseMode(std::string_view text) {
  mode_t mode = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_number =
      error == std::errc() && end == text.data() + text.size();
  // The owner needs both, and nobody executes a cache.
  if (!is_number || (mode & 0600) != 0600 || (mode & ~mode_t{0666}) != 0) {
    return Status(ErrorCode::kInvalidArgument,
                  "write permissions in octal that include 0600, such as 0660");
  }
  return mode;
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
          "Also cache, and replay, runs with an exit\nstatus other than 0",
          options->cache_failures);
  AddValue(command, "--max-output", "SIZE",
           "Do not cache larger output (default: 8MiB)", ParseOutputSize,
           options->max_output);
  AddValue(command, "--wait", "DURATION",
           "How long to wait for another process that runs\n"
           "the command, before running it too (default: 1m)",
           ParseWait, options->wait);
  AddValue(command, "--cache-timeout", "DURATION",
           "How long to wait for the cache, before running\n"
           "the command without it (default: 10s)",
           ParseTimeout, options->cache_timeout);
  AddValue(command, "--mode", "OCTAL",
           "Share the cache with other users: the\n"
           "permissions of the files that exec creates, such\n"
           "as 0660. Without it, they are 0600, and a cache\n"
           "of another user is not used",
           ParseMode, options->mode);
  AddFlag(command, "--pass-cache",
          "Leave APPCACHE_CACHE in the environment of the\ncommand",
          options->pass_cache);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
}

}  // namespace appcache::command
