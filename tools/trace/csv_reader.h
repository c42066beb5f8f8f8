// The formats whose lines have columns: csv, cachelib-kv and cachelib-block.

#ifndef APPCACHE_TOOLS_TRACE_CSV_READER_H_
#define APPCACHE_TOOLS_TRACE_CSV_READER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/trace/csv_fields.h"
#include "tools/trace/line_reader.h"
#include "tools/trace/request.h"
#include "tools/trace/trace.h"

namespace appcache::trace {

enum class Column : uint8_t {
  kKey,
  kSize,
  kTtl,
  kOp,
  kTime,
  kOpCount,
  kKeySize,
  kBlockId,
  kShard,
  kIoOffset,
  kIoSize,
};
inline constexpr size_t kColumns = 11;

class CsvReader final : public RequestReader {
 public:
  // REQUIRES: `format` is one of the three.
  CsvReader(Format format, LineReader lines);
  Result<bool> Next(Request& request) override;
  std::string Position() const override { return lines_.Position(); }

  // The format whose columns this line names, if it names those of one.
  static std::optional<Format> FormatOfHeader(std::string_view line);

 private:
  // Where each column is; none: nowhere.
  using Layout = std::array<std::optional<size_t>, kColumns>;

  static Layout LayoutOf(const CsvFields& header);
  // Takes the layout from the first line, which has been split, and returns
  // true, if that is a header. Otherwise takes the format's own.
  Result<bool> ReadHeader();

  // The field of the column in the current line; empty: not stated.
  std::string_view Field(Column column) const noexcept;
  // "line 12 of NAME: ttl is "x"; expected `what`".
  Status Expected(Column column, const std::string& what) const;
  // Leaves `number` as it is if the field is empty.
  Status ReadNumber(Column column, uint64_t most,
                    std::optional<uint64_t>& number) const;
  Status ReadSeconds(Column column,
                     std::optional<std::chrono::milliseconds>& time) const;

  // Parse the current line.
  Status ReadLine();
  Status ReadTimes();
  Status ReadKeyAndSize();
  Status ReadBlock();

  const Format format_;
  LineReader lines_;
  bool has_layout_ = false;
  Layout layout_{};
  CsvFields fields_;

  // What the line has not returned yet: request_ so often, each time for all
  // chunks of a block.
  uint64_t repeats_left_ = 0;
  Request request_;
  std::string key_;
  // Of a block.
  size_t block_name_size_ = 0;  // key_ is the name and the number of a chunk
  uint64_t first_chunk_ = 0;
  uint64_t chunk_ = 0;
  uint64_t last_chunk_ = 0;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_CSV_READER_H_
