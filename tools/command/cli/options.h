// Options that several subcommands share.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_OPTIONS_H_
#define APPCACHE_TOOLS_COMMAND_CLI_OPTIONS_H_

#include <optional>
#include <string_view>

#include "appcache/error.h"
#include "tools/command/cache/open_cache.h"
#include "tools/command/entries/entries.h"
#include "tools/trace/trace.h"

namespace CLI {
class App;
}

namespace appcache::command {

// The targets must outlive the parsing.
void AddCacheOption(CLI::App& command, CacheFlags& flags);
void AddLimitOptions(CLI::App& command, CacheFlags& flags);
void AddKeyOptions(CLI::App& command, KeyFlags& flags);
void AddJsonOption(CLI::App& command, bool& json);
// The format of a TRACE.
void AddTraceFormat(CLI::App& command, std::optional<trace::Format>& format);

// The share of the keys that --sample names: "1%" or "1" is 0.01.
Result<double> ParseSample(std::string_view text);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_OPTIONS_H_
