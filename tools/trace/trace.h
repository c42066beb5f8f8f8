// Trace: the requests that a program made of a cache, read from a file.
//
//   auto trace = Trace::Open({"requests.csv.gz", "\"requests.csv.gz\""});
//   if (!trace.ok()) return Fail(trace.status());
//   Request request;
//   for (;;) {
//     const Result<bool> is_request = trace->Next(request);
//     if (!is_request.ok()) return Fail(is_request.status());
//     if (!*is_request) break;
//     Use(request);
//   }
//
// Formats; each may be compressed with gzip or zstd:
//
//   plain           a key on each line.
//   csv             the columns key, size, ttl, op and time, in the order that
//                   the first line says, or without one: key,size,ttl,op. Other
//                   columns are ignored.
//   arc             the .lis files of the ARC paper: each line has the first
//                   block and the number of blocks, then other numbers. Each
//                   block is a request.
//   cachelib-kv     CacheLib's key-value traces: the columns key, op, size,
//                   op_count, key_size, ttl and op_time, in the order that the
//                   first line says, or without one: key,op,size,op_count,
//                   key_size,ttl. A key is padded to key_size, at most 256
//                   bytes. A get of size 0 was a miss there: its size is not
//                   known.
//   cachelib-block  CacheLib's block storage traces: the columns block_id,
//                   op_name, io_offset, io_size, op_count, rs_shard_id and
//                   op_time, in the order of the first line. A request for each
//                   kBlockChunkBytes of the block that the line touches.
//   oracle-general  libCacheSim's oracleGeneral: binary records
//                   (oracle_general.h).
//
// Times and ttls are in seconds, which may have a fraction. An op is get, set
// or delete or what other traces call these (trace/csv_fields.cc has the list).
// A field that is empty or missing at the end of its line is not stated. Spaces
// around fields are ignored, and a field in double quotes may contain commas.
// Empty lines are skipped. Lines may end as on Windows, and text may begin with
// a byte order mark in UTF-8; UTF-16 is an error.

#ifndef APPCACHE_TOOLS_TRACE_TRACE_H_
#define APPCACHE_TOOLS_TRACE_TRACE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "tools/trace/request.h"

namespace appcache::trace {

class FileSource;
class RequestReader;

enum class Format {
  kPlain,
  kCsv,
  kArc,
  kCacheLibKv,
  kCacheLibBlock,
  kOracleGeneral,
};

inline constexpr const char* kFormatNames[] = {
    "plain", "csv", "arc", "cachelib-kv", "cachelib-block", "oracle-general"};

std::string_view ToString(Format format) noexcept;
// kInvalidArgument, with all names, for another text.
Result<Format> ParseFormat(std::string_view name);

// Whether a trace of this format can state ttls.
bool HasTtls(Format format) noexcept;

struct TraceOptions {
  std::string path;  // "-": standard input
  std::string name;  // what messages call it
  // None: by the name (.csv, .lis, oracleGeneral) and by the first bytes. Text
  // whose first line names the columns of a CSV format is that; bytes with a
  // NUL are oracle-general; all else is plain.
  std::optional<Format> format = std::nullopt;
};

// Not thread-safe.
class Trace {
 public:
  // Limits of what a file may state. More is an error of Next.
  static constexpr size_t kMaxKeyBytes = size_t{1} << 20;
  static constexpr size_t kMaxLineBytes = kMaxKeyBytes + 4096;
  static constexpr uint64_t kMaxValueBytes = uint64_t{1} << 40;
  // The requests of one line.
  static constexpr uint64_t kMaxRepeats = uint64_t{1} << 24;

  static constexpr uint64_t kBlockChunkBytes = uint64_t{128} << 10;

  // Errors: kUnavailable when the file cannot be read; kUnsupported for text in
  // UTF-16; those of Next for the first line or record.
  static Result<Trace> Open(const TraceOptions& options);
  Trace(Trace&&) noexcept;
  Trace& operator=(Trace&&) = delete;
  ~Trace();

  Format format() const noexcept { return format_; }

  // Sets `request` to the next one and returns true; returns false at the end.
  // Errors: kCorrupt when the file is not of the format (the message has the
  // line or record, and what is expected there), or its compressed data is
  // damaged or truncated; kTooLarge for a line above kMaxLineBytes, and zstd
  // data that needs more than 128 MiB;
  // kUnavailable when the file cannot be read. After an error, call it no more.
  Result<bool> Next(Request& request);

  // Where the last request was: "line 12", "record 12".
  std::string Position() const;

  // The size of a regular file, otherwise 0, and how much of it was read.
  uint64_t file_bytes() const noexcept;
  uint64_t bytes_read() const noexcept;

 private:
  Trace(Format format, const FileSource* file,
        std::unique_ptr<RequestReader> reader);

  Format format_;
  const FileSource* file_;  // belongs to reader_
  std::unique_ptr<RequestReader> reader_;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_TRACE_H_
