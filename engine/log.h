// LogSink: where a cache reports what a person should know but no caller is
// told: a namespace that does not exist, a damaged file set aside, a background
// flush that failed.

#ifndef APPCACHE_ENGINE_LOG_H_
#define APPCACHE_ENGINE_LOG_H_

#include <functional>
#include <string_view>

namespace appcache {

enum class LogLevel { kInfo, kWarning, kError };

// Called from any thread, also from several at once, and from inside cache
// operations: it must not throw and must not call the cache. The message is one
// line without a newline, never contains a value, and is valid during the call.
using LogSink = std::function<void(LogLevel, std::string_view message)>;

// "appcache: warning: ..." to standard error. The default.
void LogToStderr(LogLevel level, std::string_view message);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOG_H_
