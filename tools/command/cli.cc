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
#include "tools/command/file_size_signal.h"
#include "tools/command/report.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

constexpr const char* kVersion = "appcache 0.1.0";

constexpr const char* kUnitsFooter =
    R"(appcache COMMAND --help describes a command. Durations are written 500ms,
10s, 5m, 1h, 7d, or in seconds. Sizes are written 64KiB, 8MiB, 1GiB, or in
bytes.
)";

constexpr const char* kRestOfFooter =
    R"(The options of a URI follow a ?: redis://HOST?prefix=app&timeout=50ms.
Special characters are percent-encoded: an @ in a password is %40. keys, top and
dump do not work on Memcached, and check works on SQLite files only.

Without --cache, the cache is named by the environment variable APPCACHE_CACHE.
Put a URI with a password there, because every user can see the command line
with ps. Without both, the cache is your own, in ~/.cache/appcache. replay uses
neither.

Exit status: 0 success or a hit, 1 a miss, 2 an error in the command line,
3 a failure. exec exits with the status of the command that it runs.

Example:
  appcache exec --ttl 10m -- curl -s https://example.com/rates.json
)";

// Lists the URIs of the backends that are linked.
std::string Footer() {
  std::string text(kUnitsFooter);
  text += "\nA cache is the PATH of a SQLite file, or a URI:\n";
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    const bool is_usable =
        internal::IsLinked(scheme) && scheme.name != "memory";
    if (is_usable) text.append("  ").append(scheme.form).append("\n");
  }
  return text + kRestOfFooter;
}

void Describe(CLI::App& app) {
  app.description(
      "Caches the output of commands, and inspects and manages caches.\n");
  app.footer(Footer());
  app.get_formatter()->column_width(12);
  app.get_formatter()->label("OPTIONS", "OPTION");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND ...");
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", kVersion, "Print the version");
  app.require_subcommand(1);
}

// CLI11 treats a "++" as the end of a subcommand.
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

// Parses `words` into `line`. Returns an exit status for --help, --version and
// errors; otherwise nothing, and line.run is set.
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
    return FailUsage(
        "the word ++ must come after --, as in: appcache get -- ++");
  }
  if (!IsCommand(app, words[0]) && !IsOwnOption(words[0])) {
    const bool is_option = words[0].starts_with("-");
    return FailUsage(is_option ? "options must come after the command, as in: "
                                 "appcache get --json KEY"
                               : "unknown command " + Quoted(words[0]) +
                                     "; appcache --help lists the commands");
  }
  std::reverse(words.begin(), words.end());  // the order of App::parse
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return Print((chosen.empty() ? app : *chosen[0]).help());
  } catch (const CLI::CallForVersion&) {
    return Print(std::string(kVersion) + "\n");
  } catch (const CLI::ArgumentMismatch& error) {
    // "--ttl: 1 required TEXT missing" and similar messages.
    const std::string what = error.what();
    return FailUsage(what.substr(0, what.find(':')) +
                     ": takes one value and can be given once");
  } catch (const CLI::ConversionError& error) {
    // "Could not convert: --json = text". The text may contain a password.
    const std::string what = error.what();
    const size_t name = std::min(what.find("--"), what.size());
    return FailUsage(what.substr(name, what.find(' ', name) - name) +
                     ": takes no value");
  } catch (const CLI::ParseError& error) {
    return FailUsage(error.what());
  }
  return std::nullopt;
}

int ParseAndRun(int argc, char** argv) {
  OpenStandardDescriptors();
  IgnoreFileSizeSignal();
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
  const auto exit_status =
      Parse(app, std::vector<std::string>(argv + 1, argv + argc), line);
  return exit_status ? *exit_status : line.run();
}

}  // namespace

int Main(int argc, char** argv) {
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::bad_alloc&) {
    return Fail(Status::OutOfMemory());
  } catch (const std::exception& exception) {
    return Fail(Status(ErrorCode::kInternal, std::string("internal error: ") +
                                                 exception.what() +
                                                 "; please report it"));
  }
}

}  // namespace appcache::command
