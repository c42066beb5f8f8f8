#include "tools/command/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/command/cli/command.h"
#include "tools/command/cli/program.h"
#include "tools/command/cli/program_text.h"
#include "tools/command/cli/words.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/file_size_signal.h"
#include "tools/command/io/report.h"
#include "tools/command/text/suggest.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using Words = std::vector<std::string>;

// Parses `words`, the first of which is the name of a command that is
// described. Returns an exit status for --help and errors; otherwise nothing,
// and CommandLine::run is set.
std::optional<int> Parse(CLI::App& app, const Words& words) {
  const CLI::App& command = *FindCommand(app, words[0]);
  Result<Words> prepared =
      PrepareWords(command, Words(words.begin() + 1, words.end()));
  if (!prepared.ok()) return Fail(prepared.status());
  prepared->insert(prepared->begin(), words[0]);
  std::reverse(prepared->begin(), prepared->end());  // the order of App::parse
  try {
    app.parse(*std::move(prepared));
  } catch (const CLI::CallForHelp&) {
    return Print(command.help());
  } catch (const CLI::ArgumentMismatch& error) {
    // "--ttl: 1 required TEXT missing" and similar messages.
    const std::string what = error.what();
    return FailUsage(what.substr(0, what.find(':')) +
                     ": takes one value and can be given once");
  } catch (const CLI::ParseError& error) {
    return FailUsage(error.what());
  }
  return std::nullopt;
}

int MissingCommand() {
  WriteAll(2, *HelpText(""));
  return kUsage;
}

// An option that is not one of the program itself.
int FailOption(const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::string suggestion =
      DidYouMean(name, {"--help", "--version", "-h", "-V"});
  return FailUsage(suggestion.empty()
                       ? "options must come after the command, as in: "
                         "appcache get --json KEY"
                       : "unknown option " + WithoutSecrets(name) + suggestion);
}

int ParseAndRun(Words words) {
  if (words.empty()) return MissingCommand();
  // Before the commands are described, which takes time.
  const std::string first = words[0];
  if (first == "-V" || first == "--version") {
    return Print(std::string("appcache ") + kVersion + "\n");
  }
  if (first == "-h" || first == "--help") {
    return PrintHelp(words.size() > 1 ? words[1] : "");
  }
  CommandLine line;
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes != words.end()) {
    line.after_dashes.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
    if (words.empty()) return MissingCommand();
  }
  if (first.starts_with("-")) return FailOption(first);
  line.only = first;
  CLI::App app;
  DescribeProgram(app, line);
  if (FindCommand(app, first) == nullptr) {
    return Fail(UnknownCommand(first, line));
  }
  const std::optional<int> exit_status = Parse(app, words);
  return exit_status ? *exit_status : line.run();
}

}  // namespace

int Main(int argc, char** argv) {
  try {
    OpenStandardDescriptors();
    IgnoreFileSizeSignal();
    return ParseAndRun(Words(argv + std::min(argc, 1), argv + argc));
  } catch (const std::bad_alloc&) {
    return Fail(Status::OutOfMemory());
  } catch (const std::exception& exception) {
    return Fail(Status(ErrorCode::kInternal, std::string("internal error: ") +
                                                 exception.what() +
                                                 "; please report it"));
  }
}

}  // namespace appcache::command
