// Reads the TRACE of a command.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_TRACE_INPUT_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_TRACE_INPUT_H_

#include <optional>
#include <string>

#include "appcache/error.h"
#include "appcache/function_ref.h"
#include "tools/trace/trace.h"

namespace appcache::command {

// Trace::Open, with the name that messages show. "-" is standard input.
Result<trace::Trace> OpenTrace(const std::string& path,
                               std::optional<trace::Format> format);

// Calls `visit` with each request, and shows the progress after `label`. Stops
// at the first error. One of `visit` gets the position of its request.
Status VisitRequests(trace::Trace& trace, const char* label,
                     FunctionRef<Status(trace::Request& request)> visit);

// That the ttls of a trace without times are ignored.
void NoteMissingTimes();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_TRACE_INPUT_H_
