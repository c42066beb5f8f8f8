// LogSink: receives the messages that no caller gets as an error, such as a
// namespace that does not exist, a damaged file that was set aside, or a
// background load that failed.
//
//   CacheOptions options;
//   options.log = [](LogLevel level, std::string_view message) {
//     if (level == LogLevel::kError) Alert(message);
//   };

#ifndef APPCACHE_LOG_H_
#define APPCACHE_LOG_H_

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appcache/export.h"
#include "appcache/lean_std.h"

namespace appcache {

enum class LogLevel { kInfo, kWarning, kError };

// A copyable function. Copies share one callable. (Not a std::function, because
// <functional> would make cache.h slower to compile.)
//
// The callable is called from any thread, from several at once, and from inside
// cache operations: it must not throw and must not call the cache. The message
// is one line without a newline, never contains a cached value, and is valid
// during the call. Paths, keys and the words of a server in it are escaped:
// control characters, those that change the direction of text, and bytes that
// are not UTF-8 are shown as \n, \xNN or \uNNNN.
class APPCACHE_EXPORT LogSink {
 public:
  using Function = void(LogLevel level, std::string_view message);

  // Empty.
  LogSink() noexcept = default;
  LogSink(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor)

  // Calls `function`. Empty when it is null. Throws std::bad_alloc.
  LogSink(Function* function);  // NOLINT(google-explicit-constructor)

  // Calls `callable`, for example a lambda. Empty when it is an empty
  // std::function. Throws std::bad_alloc, and what moving `callable` throws.
  template <class F>
    requires(!std::is_same_v<F, LogSink> &&
             std::is_invocable_v<F&, LogLevel, std::string_view>)
  LogSink(F callable) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_constructible_v<F, std::nullptr_t>) {
      if (callable == nullptr) return;
    }
    callable_ = std::make_shared<F>(std::move(callable));
    call_ = Call<F>;
  }

  // REQUIRES: not empty.
  void operator()(LogLevel level, std::string_view message) const;

  // False when empty.
  explicit operator bool() const noexcept { return call_ != nullptr; }
  friend bool operator==(const LogSink& sink, std::nullptr_t) noexcept {
    return sink.call_ == nullptr;
  }

 private:
  template <class F>
  static void Call(void* callable, LogLevel level, std::string_view message) {
    (*static_cast<F*>(callable))(level, message);
  }

  std::shared_ptr<void> callable_;
  void (*call_)(void* callable, LogLevel level,
                std::string_view message) = nullptr;
};

// Writes "appcache: warning: ..." to standard error, with the message escaped
// as above. The default.
APPCACHE_EXPORT void LogToStderr(LogLevel level, std::string_view message);

}  // namespace appcache

#endif  // APPCACHE_LOG_H_
