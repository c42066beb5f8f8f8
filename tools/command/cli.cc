#include "tools/command/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "engine/uri/scheme_registry.h"
#include "tools/command/cli_command.h"
#include "tools/command/exit_status.h"
#include "tools/command/fd.h"
#include "tools/command/report.h"

namespace appcache::command {
namespace {

constexpr const char* kVersion = "appcache 0.1.0";

constexpr const char* kUnitsFooter =
    R"(Durations are 500ms, 10s, 5m, 1h, 7d, or plain seconds; sizes are bytes,
or 64KiB, 8MiB, 1GiB. appcache COMMAND --help tells more of each command.
)";

constexpr const char* kRestOfFooter =
    R"(Options stand behind a ?, as in redis://HOST?prefix=app&timeout=50ms;
a wrong one is told which there are. What is special is escaped: an @ in a
password is %40. keys, top, check, dump and load work on SQLite files only.

Without --cache the cache is that of the environment variable APPCACHE_CACHE,
which is the place for a URI with a password: the words of a command are shown
to everybody by ps. Without both it is your own, in ~/.cache/appcache. replay
uses neither.

Exit status: 0 done or a hit, 1 a miss, 2 a wrong command line, 3 a failure;
exec ends as the command that it runs.

Example:
  appcache exec --ttl 10m -- curl -s https://example.com/rates.json
)";

// With the URIs of the backends that are linked.
std::string Footer() {
  std::string text(kUnitsFooter);
  text += "\nA cache is a PATH, which is a SQLite file, or a URI:\n";
  for (const KnownScheme& scheme : kKnownSchemes) {
    const bool counts = IsLinked(scheme) && scheme.name != "memory";
    if (counts) text.append("  ").append(scheme.form).append("\n");
  }
  return text + kRestOfFooter;
}

void Describe(CLI::App& app) {
  app.description("Caches the output of commands, and looks after caches.\n");
  app.footer(Footer());
  app.get_formatter()->column_width(12);
  app.get_formatter()->label("OPTIONS", "OPTION");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND ...");
  app.set_help_flag("-h,--help", "Print this");
  app.set_version_flag("--version", kVersion, "Print the version");
  app.require_subcommand(1);
}

// The parser would take a "++" for the end of a subcommand.
bool HasPlusPlus(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "++") != words.end();
}

bool IsCommand(const CLI::App& app, const std::string& word) {
  const auto commands = app.get_subcommands(
      [&](const CLI::App* command) { return command->get_name() == word; });
  return !commands.empty();
}

bool IsOwnOption(const std::string& word) {
  return word == "-h" || word == "--help" || word == "--version";
}

// Parses `words` into `line`. Returns the exit status if that is all: for
// --help and for errors.
std::optional<int> Parse(CLI::App& app, std::vector<std::string> words,
                         CommandLine& line) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes != words.end()) {
    line.after_dashes.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
  }
  if (words.empty()) {
    WriteAll(2, app.help());
    return kUsage;
  }
  if (HasPlusPlus(words)) {
    return FailUsage("write ++ after --, as in: appcache get -- ++");
  }
  if (!IsCommand(app, words[0]) && !IsOwnOption(words[0])) {
    const bool is_option = words[0].starts_with("-");
    return FailUsage(
        is_option ? "options stand after the command, as in: appcache get --raw"
                  : "there is no command " + Quoted(words[0]) +
                        "; appcache --help lists them");
  }
  std::reverse(words.begin(), words.end());  // as App::parse wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return Print((chosen.empty() ? app : *chosen[0]).help());
  } catch (const CLI::CallForVersion&) {
    return Print(std::string(kVersion) + "\n");
  } catch (const CLI::ArgumentMismatch& error) {
    // "--ttl: 1 required TEXT missing", or one of its other ways to say so.
    const std::string what = error.what();
    return FailUsage(what.substr(0, what.find(':')) +
                     ": it takes one value, once");
  } catch (const CLI::ParseError& error) {
    return FailUsage(error.what());
  }
  return std::nullopt;
}

int ParseAndRun(int argc, char** argv) {
  OpenStandardDescriptors();
  CLI::App app("", "appcache");
  Describe(app);
  CommandLine line;
  AddExec(app, line);
  AddEntryCommands(app, line);
  AddListingCommands(app, line);
  AddUpkeepCommands(app, line);
  AddTransferCommands(app, line);
  AddPing(app, line);
  AddReplay(app, line);
  const auto ended =
      Parse(app, std::vector<std::string>(argv + 1, argv + argc), line);
  return ended ? *ended : line.run();
}

}  // namespace

int Main(int argc, char** argv) {
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::bad_alloc&) {
    return Fail(Status::OutOfMemory());
  } catch (const std::exception& exception) {
    return Fail(Status(ErrorCode::kInternal,
                       std::string("unexpected: ") + exception.what()));
  }
}

}  // namespace appcache::command
