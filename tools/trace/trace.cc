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

// What text on Windows may begin with, in UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Whether it begins with a byte order mark in UTF-16, and several characters of
// ASCII. A binary record does not: its key would have every other byte zero.
bool IsUtf16(std::string_view head) {
  constexpr size_t kCharacters = 8;
  if (head.size() < 2 + 2 * kCharacters) return false;
  const bool is_little = head.starts_with("\xff\xfe");
  if (!is_little && !head.starts_with("\xfe\xff")) return false;
  for (size_t i = 2; i < 2 + 2 * kCharacters; i += 2) {
    if (head[is_little ? i + 1 : i] != '\0') return false;
    if (head[is_little ? i : i + 1] == '\0') return false;
  }
  return true;
}

// REQUIRES: no byte order mark at the beginning of `head`.
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
  std::string_view text = *head;
  const bool has_mark = text.starts_with(kByteOrderMark);
  if (has_mark) text.remove_prefix(kByteOrderMark.size());
  const Format format =
      options.format ? *options.format : Detect(options.path, text);
  if (IsUtf16(*head) && options.format != Format::kOracleGeneral) {
    return Status(ErrorCode::kUnsupported,
                  options.name +
                      " is text in UTF-16; convert it to UTF-8, "
                      "such as with iconv -f UTF-16 -t UTF-8");
  }
  if (has_mark && format != Format::kOracleGeneral) {
    source->Skip(kByteOrderMark.size());
  }
  return Trace(format, raw, NewReader(format, options.name, std::move(source)));
}

Result<bool> Trace::Next(Request& request) { return reader_->Next(request); }

std::string Trace::Position() const { return reader_->Position(); }

uint64_t Trace::file_bytes() const noexcept { return file_->file_bytes(); }

uint64_t Trace::bytes_read() const noexcept { return file_->bytes_read(); }

}  // namespace appcache::trace
