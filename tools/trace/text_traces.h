// The formats of one line a request without columns: plain, and arc.

#ifndef APPCACHE_TOOLS_TRACE_TEXT_TRACES_H_
#define APPCACHE_TOOLS_TRACE_TEXT_TRACES_H_

#include <cstdint>
#include <string>

#include "tools/trace/line_reader.h"
#include "tools/trace/request.h"

namespace appcache::trace {

class PlainReader final : public RequestReader {
 public:
  explicit PlainReader(LineReader lines) : lines_(std::move(lines)) {}
  Result<bool> Next(Request& request) override;
  std::string Position() const override { return lines_.Position(); }

 private:
  LineReader lines_;
};

class ArcReader final : public RequestReader {
 public:
  explicit ArcReader(LineReader lines) : lines_(std::move(lines)) {}
  Result<bool> Next(Request& request) override;
  std::string Position() const override { return lines_.Position(); }

 private:
  LineReader lines_;
  uint64_t next_block_ = 0;
  uint64_t blocks_left_ = 0;  // of the line
  std::string key_;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_TEXT_TRACES_H_
