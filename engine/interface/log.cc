#include "appcache/log.h"

#include <cstdio>
#include <memory>

namespace appcache {

LogSink::LogSink(Function* function) {
  if (function == nullptr) return;
  callable_ = std::make_shared<Function*>(function);
  call_ = Call<Function*>;
}

void LogToStderr(LogLevel level, std::string_view message) {
  const char* const name = level == LogLevel::kInfo      ? "info"
                           : level == LogLevel::kWarning ? "warning"
                                                         : "error";
  // One call, so that the lines of several threads do not mix.
  std::fprintf(stderr, "appcache: %s: %.*s\n", name,
               static_cast<int>(message.size()), message.data());
}

}  // namespace appcache
