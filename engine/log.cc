#include "engine/log.h"

#include <cstdio>

namespace appcache {

void LogToStderr(LogLevel level, std::string_view message) {
  const char* const name = level == LogLevel::kInfo      ? "info"
                           : level == LogLevel::kWarning ? "warning"
                                                         : "error";
  // One call: lines of several threads do not mix.
  std::fprintf(stderr, "appcache: %s: %.*s\n", name,
               static_cast<int>(message.size()), message.data());
}

}  // namespace appcache
