#include "tools/command/traces/trace_input.h"

#include <cstdint>

#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {

Result<trace::Trace> OpenTrace(const std::string& path,
                               std::optional<trace::Format> format) {
  return trace::Trace::Open(
      {path, path == "-" ? "standard input" : Quoted(path), format});
}

Status VisitRequests(trace::Trace& trace, const char* label,
                     FunctionRef<Status(trace::Request& request)> visit) {
  Progress progress(label, trace.file_bytes());
  trace::Request request;
  for (uint64_t requests = 0;; ++requests) {
    progress.UpdateBy(
        [&] { return trace.file_bytes() > 0 ? trace.bytes_read() : requests; });
    const Result<bool> is_request = trace.Next(request);
    if (!is_request.ok()) return is_request.status();
    if (!*is_request) return Status();
    const Status visited = visit(request);
    if (visited.ok()) continue;
    return Status(visited.code(), trace.Position() + ": " + visited.message(),
                  visited.error().native_code);
  }
}

void NoteMissingTimes() {
  Note("the trace states ttls, but no times; ttls are ignored");
}

}  // namespace appcache::command
