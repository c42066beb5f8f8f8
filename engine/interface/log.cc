#include "appcache/log.h"

#include <cassert>
#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include "engine/support/printable.h"

namespace appcache {
namespace {

// Most messages are printable, and need no memory. Throws nothing else than
// `use` does.
template <class Use>
void WithPrintable(std::string_view message, const Use& use) {
  if (internal::IsPrintable(message)) return use(message);
  std::string text;
  std::string_view printable = "a message is not shown: out of memory";
  try {
    text = internal::Printable(message);
    printable = text;
  } catch (const std::bad_alloc&) {
  }
  use(printable);
}

}  // namespace

LogSink::LogSink(Function* function) {
  if (function == nullptr) return;
  callable_ = std::make_shared<Function*>(function);
  call_ = Call<Function*>;
}

void LogSink::operator()(LogLevel level, std::string_view message) const {
  assert(call_ != nullptr);
  WithPrintable(message, [this, level](std::string_view printable) {
    call_(callable_.get(), level, printable);
  });
}

void LogToStderr(LogLevel level, std::string_view message) {
  const char* const name = level == LogLevel::kInfo      ? "info"
                           : level == LogLevel::kWarning ? "warning"
                                                         : "error";
  // For callers without a LogSink.
  WithPrintable(message, [name](std::string_view printable) {
    // One call, so that the lines of several threads do not mix.
    std::fprintf(stderr, "appcache: %s: %.*s\n", name,
                 static_cast<int>(printable.size()), printable.data());
  });
}

}  // namespace appcache
