// CapturedLog: the log of a cache under test, line by line.

#ifndef APPCACHE_TESTS_SUPPORT_CAPTURED_LOG_H_
#define APPCACHE_TESTS_SUPPORT_CAPTURED_LOG_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cache.h"
#include "engine/log.h"

namespace appcache {

// Thread safety: all of it. Copies share the lines.
class CapturedLog {
 public:
  LogSink sink() const {
    return [lines = lines_](LogLevel level, std::string_view message) {
      std::lock_guard<std::mutex> guard(lines->mutex);
      lines->texts.push_back(Name(level) + std::string(message));
    };
  }

  // Options that differ from the defaults in nothing but the log.
  CacheOptions options() const {
    CacheOptions options;
    options.log = sink();
    return options;
  }

  // The lines so far: "warning: ...".
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
