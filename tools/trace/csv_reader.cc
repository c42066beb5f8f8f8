#include "tools/trace/csv_reader.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "engine/support/printable.h"

namespace appcache::trace {
namespace {

struct ColumnName {
  std::string_view name;
  Column column;
};
constexpr ColumnName kColumnNames[] = {
    {"key", Column::kKey},
    {"size", Column::kSize},
    {"value_size", Column::kSize},
    {"ttl", Column::kTtl},
    {"op", Column::kOp},
    {"op_name", Column::kOp},
    {"time", Column::kTime},
    {"timestamp", Column::kTime},
    {"op_time", Column::kTime},
    {"op_count", Column::kOpCount},
    {"key_size", Column::kKeySize},
    {"block_id", Column::kBlockId},
    {"rs_shard_id", Column::kShard},
    {"io_offset", Column::kIoOffset},
    {"io_size", Column::kIoSize},
};

std::string_view NameOf(Column column) {
  return std::find_if(std::begin(kColumnNames), std::end(kColumnNames),
                      [&](const ColumnName& candidate) {
                        return candidate.column == column;
                      })
      ->name;
}

struct CsvFormat {
  Format format;
  std::span<const Column> required;
  // The columns without a header; empty: a header is required.
  std::span<const Column> order;
  const char* required_names;
};

using enum Column;
constexpr Column kBlockRequired[] = {kBlockId, kOp, kIoOffset, kIoSize};
constexpr Column kKvRequired[] = {kKey, kOp, kSize};
constexpr Column kKvOrder[] = {kKey, kOp, kSize, kOpCount, kKeySize, kTtl};
constexpr Column kCsvRequired[] = {kKey};
constexpr Column kCsvOrder[] = {kKey, kSize, kTtl, kOp};
constexpr CsvFormat kCsvFormats[] = {
    {Format::kCacheLibBlock,
     kBlockRequired,
     {},
     "block_id, op_name, io_offset and io_size"},
    {Format::kCacheLibKv, kKvRequired, kKvOrder, "key, op and size"},
    {Format::kCsv, kCsvRequired, kCsvOrder, "key"},
};

const CsvFormat& Describe(Format format) {
  return *std::find_if(
      std::begin(kCsvFormats), std::end(kCsvFormats),
      [&](const CsvFormat& candidate) { return candidate.format == format; });
}

size_t Index(Column column) { return static_cast<size_t>(column); }

std::string Excerpt(std::string_view text) {
  constexpr size_t kMost = 40;
  if (text.size() <= kMost) return appcache::internal::Printable(text);
  return appcache::internal::Printable(text.substr(0, kMost)) + "...";
}

}  // namespace

CsvReader::CsvReader(Format format, LineReader lines)
    : format_(format), lines_(std::move(lines)) {}

CsvReader::Layout CsvReader::LayoutOf(const CsvFields& header) {
  Layout layout{};
  for (size_t i = 0; i < header.size(); ++i) {
    for (const ColumnName& known : kColumnNames) {
      std::optional<size_t>& place = layout[Index(known.column)];
      if (header[i] == known.name && !place) place = i;
    }
  }
  return layout;
}

std::optional<Format> CsvReader::FormatOfHeader(std::string_view line) {
  CsvFields fields;
  if (!fields.Split(line) || fields.size() < 2) return std::nullopt;
  const Layout layout = LayoutOf(fields);
  const auto has = [&](Column column) {
    return layout[Index(column)].has_value();
  };
  for (const Format format :
       {Format::kCacheLibBlock, Format::kCacheLibKv, Format::kCsv}) {
    const std::span<const Column> required = Describe(format).required;
    if (!std::all_of(required.begin(), required.end(), has)) continue;
    // Only CacheLib counts repeated requests on one line.
    if (format == Format::kCacheLibKv && !has(Column::kOpCount)) continue;
    return format;
  }
  return std::nullopt;
}

Result<bool> CsvReader::ReadHeader() {
  const CsvFormat& format = Describe(format_);
  layout_ = LayoutOf(fields_);
  const auto has = [&](Column column) {
    return layout_[Index(column)].has_value();
  };
  const bool is_header = has(Column::kKey) || has(Column::kBlockId);
  if (is_header || format.order.empty()) {
    if (std::all_of(format.required.begin(), format.required.end(), has)) {
      return true;
    }
    return lines_.Malformed("expected a header of " +
                            std::string(ToString(format_)) +
                            " with the columns " + format.required_names);
  }
  layout_ = {};
  for (size_t i = 0; i < format.order.size(); ++i) {
    layout_[Index(format.order[i])] = i;
  }
  return false;
}

Result<bool> CsvReader::Next(Request& request) {
  while (repeats_left_ == 0) {
    std::string_view line;
    Result<bool> is_line = lines_.Next(line, Trace::kMaxLineBytes);
    if (!is_line.ok() || !*is_line) return is_line;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!fields_.Split(line)) {
      return lines_.Malformed(
          "expected fields separated by commas, each with both of its quotes "
          "or none, at most " +
          std::to_string(CsvFields::kMaxFields));
    }
    if (!std::exchange(has_layout_, true)) {
      const Result<bool> is_header = ReadHeader();
      if (!is_header.ok()) return is_header.status();
      if (*is_header) continue;
    }
    Status read = ReadLine();
    if (!read.ok()) return read;
  }
  if (format_ == Format::kCacheLibBlock) {
    key_.resize(block_name_size_);
    key_ += std::to_string(chunk_);
    if (chunk_ == last_chunk_) --repeats_left_;
    chunk_ = chunk_ == last_chunk_ ? first_chunk_ : chunk_ + 1;
  } else {
    --repeats_left_;
  }
  request = request_;
  request.key = key_;
  return true;
}

std::string_view CsvReader::Field(Column column) const noexcept {
  const std::optional<size_t>& place = layout_[Index(column)];
  return place ? fields_[*place] : std::string_view();
}

Status CsvReader::Expected(Column column, const std::string& what) const {
  return lines_.Malformed(std::string(NameOf(column)) + " is \"" +
                          Excerpt(Field(column)) + "\"; expected " + what);
}

Status CsvReader::ReadNumber(Column column, uint64_t most,
                             std::optional<uint64_t>& number) const {
  const std::string_view field = Field(column);
  if (field.empty()) return Status();
  number = ParseNumber(field, most);
  if (number) return Status();
  return Expected(column, "a number of at most " + std::to_string(most));
}

Status CsvReader::ReadSeconds(
    Column column, std::optional<std::chrono::milliseconds>& time) const {
  const std::string_view field = Field(column);
  if (field.empty()) return Status();
  time = ParseSeconds(field);
  return time ? Status() : Expected(column, "a number of seconds");
}

Status CsvReader::ReadLine() {
  request_ = Request();
  Status status = ReadTimes();
  if (!status.ok()) return status;
  const std::string_view op = Field(Column::kOp);
  const std::optional<Operation> operation = ParseOperation(op);
  if (!operation && (!op.empty() || format_ != Format::kCsv)) {
    return Expected(Column::kOp, "an operation such as get, set or delete");
  }
  request_.operation = operation.value_or(Operation::kGet);
  std::optional<uint64_t> count;
  if (format_ != Format::kCsv) {
    status = ReadNumber(Column::kOpCount, Trace::kMaxRepeats, count);
    if (!status.ok()) return status;
  }
  repeats_left_ = count.value_or(1);
  return format_ == Format::kCacheLibBlock ? ReadBlock() : ReadKeyAndSize();
}

Status CsvReader::ReadTimes() {
  std::optional<std::chrono::milliseconds> ttl;
  Status status = ReadSeconds(Column::kTtl, ttl);
  if (!status.ok()) return status;
  // Nobody measures with longer ones: they stand for none.
  if (ttl && *ttl <= kMaxTtl) request_.ttl = *ttl;
  return ReadSeconds(Column::kTime, request_.time);
}

Status CsvReader::ReadKeyAndSize() {
  const std::string_view key = Field(Column::kKey);
  if (key.empty() || key.size() > Trace::kMaxKeyBytes) {
    return Expected(Column::kKey,
                    "1 to " + std::to_string(Trace::kMaxKeyBytes) + " bytes");
  }
  key_ = key;
  Status status =
      ReadNumber(Column::kSize, Trace::kMaxValueBytes, request_.value_bytes);
  if (!status.ok() || format_ == Format::kCsv) return status;
  if (request_.operation == Operation::kGet && request_.value_bytes == 0) {
    request_.value_bytes = std::nullopt;
  }
  std::optional<uint64_t> key_size;
  status = ReadNumber(Column::kKeySize, Trace::kMaxKeyBytes, key_size);
  // A field does not end with a space, so that no two keys become equal.
  constexpr uint64_t kMostPadded = 256;
  const uint64_t padded = std::min(key_size.value_or(0), kMostPadded);
  if (padded > key_.size()) key_.resize(padded, ' ');
  return status;
}

Status CsvReader::ReadBlock() {
  constexpr uint64_t kMostBytes = uint64_t{1} << 60;
  const std::string_view block = Field(Column::kBlockId);
  const std::string_view shard = Field(Column::kShard);
  constexpr size_t kMostName = 1024;
  if (block.empty() || block.size() > kMostName) {
    return Expected(Column::kBlockId, "1 to 1024 bytes");
  }
  if (shard.size() > kMostName) {
    return Expected(Column::kShard, "at most 1024 bytes");
  }
  key_.assign(block).append("/").append(shard).append("/");
  block_name_size_ = key_.size();
  std::optional<uint64_t> offset;
  std::optional<uint64_t> size;
  Status status = ReadNumber(Column::kIoOffset, kMostBytes, offset);
  if (status.ok()) status = ReadNumber(Column::kIoSize, kMostBytes, size);
  if (!status.ok()) return status;
  if (!offset) return Expected(Column::kIoOffset, "a number of bytes");
  if (!size) return Expected(Column::kIoSize, "a number of bytes");
  if (*size == 0) repeats_left_ = 0;
  if (repeats_left_ == 0) return Status();
  first_chunk_ = *offset / Trace::kBlockChunkBytes;
  last_chunk_ = (*offset + *size - 1) / Trace::kBlockChunkBytes;
  chunk_ = first_chunk_;
  request_.value_bytes = Trace::kBlockChunkBytes;
  if (last_chunk_ - first_chunk_ < Trace::kMaxRepeats / repeats_left_) {
    return Status();
  }
  return Expected(
      Column::kIoSize,
      "at most " + std::to_string(Trace::kMaxRepeats) + " blocks of 128 KiB");
}

}  // namespace appcache::trace
