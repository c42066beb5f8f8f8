// Request: one request of a trace; and RequestReader, which a format
// implements.

#ifndef APPCACHE_TOOLS_TRACE_REQUEST_H_
#define APPCACHE_TOOLS_TRACE_REQUEST_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "appcache/times.h"

namespace appcache::trace {

enum class Operation { kGet, kSet, kDelete };

struct Request {
  Operation operation = Operation::kGet;
  // Valid until the next request is read.
  std::string_view key;
  // What the trace states; none: nothing.
  std::optional<std::chrono::milliseconds> time = std::nullopt;
  std::optional<uint64_t> value_bytes = std::nullopt;
  // kNoTtl: the entry does not expire, or the trace does not say.
  Ttl ttl = kNoTtl;
};

class RequestReader {
 public:
  virtual ~RequestReader() = default;
  // As those of Trace.
  virtual Result<bool> Next(Request& request) = 0;
  virtual std::string Position() const = 0;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_REQUEST_H_
