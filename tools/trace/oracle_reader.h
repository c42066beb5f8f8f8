// The format oracleGeneral.

#ifndef APPCACHE_TOOLS_TRACE_ORACLE_READER_H_
#define APPCACHE_TOOLS_TRACE_ORACLE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/trace/byte_source.h"
#include "tools/trace/request.h"

namespace appcache::trace {

// A key is the decimal number of the record.
class OracleReader final : public RequestReader {
 public:
  OracleReader(std::unique_ptr<ByteSource> source, std::string name);
  Result<bool> Next(Request& request) override;
  std::string Position() const override {
    return "record " + std::to_string(records_);
  }

 private:
  // Reads more, so that the buffer has a whole record. Returns false at the
  // end.
  Result<bool> Fill();

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // [begin_, end_) of buffer_ is not consumed yet
  size_t end_ = 0;
  uint64_t records_ = 0;
  std::string key_;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_ORACLE_READER_H_
