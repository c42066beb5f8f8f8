#include "tools/trace/oracle_reader.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "tools/trace/oracle_general.h"

namespace appcache::trace {

OracleReader::OracleReader(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)),
      name_(std::move(name)),
      buffer_(kOracleGeneralBytes * 4096) {}

Result<bool> OracleReader::Next(Request& request) {
  if (end_ - begin_ < kOracleGeneralBytes) {
    Result<bool> filled = Fill();
    if (!filled.ok() || !*filled) return filled;
  }
  const OracleGeneralRecord record =
      DecodeOracleGeneral(buffer_.data() + begin_);
  begin_ += kOracleGeneralBytes;
  ++records_;
  key_ = std::to_string(record.key);
  request = {.key = key_,
             .time = std::chrono::seconds(record.seconds),
             .value_bytes = record.bytes};
  return true;
}

Result<bool> OracleReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  while (end_ < kOracleGeneralBytes) {
    const Result<size_t> got =
        source_->Read(buffer_.data() + end_, buffer_.size() - end_);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    end_ += *got;
  }
  if (end_ >= kOracleGeneralBytes) return true;
  if (end_ == 0) return false;
  return Status(ErrorCode::kCorrupt,
                "record " + std::to_string(records_ + 1) + " of " + name_ +
                    " is truncated: expected " +
                    std::to_string(kOracleGeneralBytes) + " bytes, found " +
                    std::to_string(end_));
}

}  // namespace appcache::trace
