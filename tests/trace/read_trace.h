// Reads a whole trace from bytes.

#ifndef APPCACHE_TESTS_TRACE_READ_TRACE_H_
#define APPCACHE_TESTS_TRACE_READ_TRACE_H_

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tools/trace/trace.h"

namespace appcache::trace {

struct TraceContent {
  Format format = Format::kPlain;
  // "get a", or with what is stated: "set a time=1500 bytes=7 ttl=2000".
  std::vector<std::string> requests;
  Status error;  // ok at the end
};

inline std::string Describe(const Request& request) {
  static constexpr const char* kOperations[] = {"get ", "set ", "delete "};
  std::string text = kOperations[static_cast<size_t>(request.operation)];
  text += request.key;
  if (request.time) text += " time=" + std::to_string(request.time->count());
  if (request.value_bytes) {
    text += " bytes=" + std::to_string(*request.value_bytes);
  }
  if (request.ttl != kNoTtl) {
    text += " ttl=" + std::to_string(request.ttl.count());
  }
  return text;
}

// A file of this name with these bytes. Messages call it X.
inline TraceContent ReadTrace(const std::string& bytes,
                              std::optional<Format> format = std::nullopt,
                              const std::string& name = "trace") {
  const TempDir dir;
  const std::string path = dir.path() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  TraceContent content;
  Result<Trace> trace = Trace::Open({path, "X", format});
  if (!trace.ok()) return {Format::kPlain, {}, trace.status()};
  content.format = trace->format();
  Request request;
  for (;;) {
    const Result<bool> is_request = trace->Next(request);
    if (!is_request.ok()) content.error = is_request.status();
    if (!is_request.ok() || !*is_request) return content;
    content.requests.push_back(Describe(request));
  }
}

}  // namespace appcache::trace

#endif  // APPCACHE_TESTS_TRACE_READ_TRACE_H_
