#include "tools/trace/trace.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "tools/trace/byte_source.h"
#include "tools/trace/csv_reader.h"
#include "tools/trace/line_reader.h"
#include "tools/trace/oracle_reader.h"
#include "tools/trace/text_traces.h"

namespace appcache::trace {
namespace {

std::string InLowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

// The format that the file's name says.
std::optional<Format> FormatOfName(std::string_view path) {
  std::string name = InLowerCase(path.substr(path.rfind('/') + 1));
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  if (name.find("oraclegeneral") != std::string::npos) {
    return Format::kOracleGeneral;
  }
  if (name.ends_with(".lis")) return Format::kArc;
  return std::nullopt;
}

Format Detect(std::string_view path, std::string_view head) {
  if (const std::optional<Format> named = FormatOfName(path)) return *named;
  if (head.find('\0') != std::string_view::npos) return Format::kOracleGeneral;
  const std::string_view line = head.substr(0, head.find('\n'));
  if (const auto of_header = CsvReader::FormatOfHeader(line)) return *of_header;
  const std::string name = InLowerCase(path);
  const bool is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz") ||
                      name.ends_with(".csv.zst");
  return is_csv ? Format::kCsv : Format::kPlain;
}

std::unique_ptr<RequestReader> NewReader(Format format, std::string name,
                                         std::unique_ptr<ByteSource> source) {
  if (format == Format::kOracleGeneral) {
    return std::make_unique<OracleReader>(std::move(source), std::move(name));
  }
  const std::shared_ptr<ByteSource> shared = std::move(source);
  LineReader lines(std::move(name), [shared](char* data, size_t size) {
    return shared->Read(data, size);
  });
  switch (format) {
    case Format::kPlain:
      return std::make_unique<PlainReader>(std::move(lines));
    case Format::kArc:
      return std::make_unique<ArcReader>(std::move(lines));
    default:
      return std::make_unique<CsvReader>(format, std::move(lines));
  }
}

}  // namespace

std::string_view ToString(Format format) noexcept {
  return kFormatNames[static_cast<size_t>(format)];
}

Result<Format> ParseFormat(std::string_view name) {
  std::string names;
  for (size_t i = 0; i < std::size(kFormatNames); ++i) {
    if (name == kFormatNames[i]) return static_cast<Format>(i);
    names.append(i == 0 ? "" : ", ").append(kFormatNames[i]);
  }
  return Status(ErrorCode::kInvalidArgument, "expected one of " + names);
}

bool HasTtls(Format format) noexcept {
  return format == Format::kCsv || format == Format::kCacheLibKv;
}

Trace::Trace(Format format, const FileSource* file,
             std::unique_ptr<RequestReader> reader)
    : format_(format), file_(file), reader_(std::move(reader)) {}
Trace::Trace(Trace&&) noexcept = default;
Trace::~Trace() = default;

Result<Trace> Trace::Open(const TraceOptions& options) {
  auto file = FileSource::Open(options.path, options.name);
  if (!file.ok()) return file.status();
  const FileSource* const raw = file->get();
  auto bytes = Decompressed(*std::move(file), options.name);
  if (!bytes.ok()) return bytes.status();
  constexpr size_t kHeadBytes = 4096;
  auto source = std::make_unique<PeekSource>(*std::move(bytes));
  const Result<std::string_view> head = source->Peek(kHeadBytes);
  if (!head.ok()) return head.status();
  const Format format =
      options.format ? *options.format : Detect(options.path, *head);
  return Trace(format, raw, NewReader(format, options.name, std::move(source)));
}

Result<bool> Trace::Next(Request& request) { return reader_->Next(request); }

std::string Trace::Position() const { return reader_->Position(); }

uint64_t Trace::file_bytes() const noexcept { return file_->file_bytes(); }

uint64_t Trace::bytes_read() const noexcept { return file_->bytes_read(); }

}  // namespace appcache::trace
