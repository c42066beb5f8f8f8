// Writes and reads dumps as lines of JSON. dump_format.md specifies the format.

#ifndef APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LINES_H_
#define APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LINES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/backend.h"
#include "appcache/error.h"
#include "appcache/sqlite_entry.h"
#include "tools/trace/line_reader.h"

namespace appcache::command {

// True if a dump that starts with this byte is lines of JSON. Before its first
// line it may have a byte order mark of UTF-8, and empty lines.
bool IsStartOfDumpLines(char first);

class DumpLinesWriter {
 public:
  // Receives the bytes of the dump, in order.
  using Sink = std::function<Status(std::string_view bytes)>;

  explicit DumpLinesWriter(Sink sink) : sink_(std::move(sink)) {}

  Status Add(const WalkedEntry& entry);

  // Writes the last line. A dump without it is incomplete.
  Status Finish();

  uint64_t entries() const noexcept { return entries_; }

 private:
  Status WriteHeader();

  const Sink sink_;
  bool has_header_ = false;
  uint64_t entries_ = 0;
};

class DumpLinesReader {
 public:
  // Longer lines are errors. The line of the largest entry of any cache is
  // shorter.
  static constexpr size_t kMaxLineBytes = size_t{1300} << 20;

  // Messages call the source `name`.
  DumpLinesReader(std::string name, trace::LineReader::Source source)
      : lines_(std::move(name), std::move(source)) {}

  // The next entries, about a MiB of them; none after the last. Errors:
  // kCorrupt when a line is not what the format allows, or the dump has a
  // header and is incomplete; the message has the number of the line.
  // kUnsupported for a dump of a newer version. kTooLarge. An error is returned
  // after the entries of the lines before it. REQUIRES: no call has failed
  // before.
  Result<std::vector<StoredEntry>> NextBlock();

 private:
  // Adds the entry of the next line, if it has one, to `block`. Sets `is_done`
  // after the last line.
  Status ReadLine(std::vector<StoredEntry>& block, size_t& bytes,
                  bool& is_done);
  Status CheckComplete() const;
  Status Corrupt(std::string_view what) const;

  trace::LineReader lines_;
  Status error_;           // to be returned next
  bool has_line_ = false;  // one that is not empty
  bool has_header_ = false;
  bool has_end_ = false;
  uint64_t entries_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LINES_H_
