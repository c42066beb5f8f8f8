// CapturedLog: records the log messages of a cache under test.

#ifndef APPCACHE_TESTS_SUPPORT_CAPTURED_LOG_H_
#define APPCACHE_TESTS_SUPPORT_CAPTURED_LOG_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache_options.h"
#include "appcache/log.h"

namespace appcache {

// Thread-safe. Copies share the lines.
class CapturedLog {
 public:
  LogSink sink() const {
    return [lines = lines_](LogLevel level, std::string_view message) {
      std::lock_guard<std::mutex> guard(lines->mutex);
      lines->texts.push_back(Name(level) + std::string(message));
    };
  }

  // The default options with this log.
  CacheOptions options() const {
    CacheOptions options;
    options.log = sink();
    return options;
  }

  // The messages so far, with their levels: "warning: ...".
  std::vector<std::string> lines() const {
    std::lock_guard<std::mutex> guard(lines_->mutex);
    return lines_->texts;
  }

 private:
  struct Lines {
    std::mutex mutex;
    std::vector<std::string> texts;  // guarded by mutex
  };

  static std::string Name(LogLevel level) {
    switch (level) {
      case LogLevel::kInfo:
        return "info: ";
      case LogLevel::kWarning:
        return "warning: ";
      case LogLevel::kError:
        return "error: ";
    }
    return "unknown: ";
  }

  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_CAPTURED_LOG_H_
