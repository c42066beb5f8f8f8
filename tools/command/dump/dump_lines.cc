#include "tools/command/dump/dump_lines.h"

#include <cassert>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "appcache/clock.h"
#include "appcache/sqlite_cache.h"
#include "appcache/times.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "appcache-dump";
constexpr uint64_t kVersion = 1;
constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// A block ends once it has this many entries or bytes.
constexpr size_t kBlockEntries = 1000;
constexpr size_t kBlockBytes = size_t{1} << 20;

// Text is written as text, unless it is long and base64 is shorter. JSON
// escapes take up to six bytes for one, and base64 takes 4 for 3, so the length
// of a line is bounded.
void AddBytes(Json& line, const char* name, std::string_view bytes) {
  constexpr size_t kShortBytes = size_t{64} << 10;
  if (IsUtf8(bytes)) {
    const Json text(bytes);
    if (bytes.size() <= kShortBytes ||
        text.dump().size() <= bytes.size() / 3 * 4) {
      line[name] = text;
      return;
    }
  }
  line[std::string(name) + "_base64"] = Base64(bytes);
}

Json MsOrNull(const std::optional<TimePoint>& time) {
  if (!time) return nullptr;
  return std::chrono::floor<milliseconds>(time->time_since_epoch()).count();
}

// False if a value in the text is an array or an object: those of a line are
// not, and deep ones would take a deep stack.
bool IsFlat(std::string_view text) {
  size_t objects = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      i += c == '\\' ? 1 : 0;
    } else if (c == '[' || (c == '{' && ++objects > 1)) {
      return false;
    }
  }
  return true;
}

// --- Reading. The functions return what is wrong with a line, or an empty
// text.

// Takes line[name], or line[name + "_base64"], out of the line.
std::string TakeBytes(Json& line, const std::string& name, size_t max_bytes,
                      std::string& bytes) {
  const std::string encoded_name = name + "_base64";
  const auto plain = line.find(name);
  const auto encoded = line.find(encoded_name);
  if ((plain == line.end()) == (encoded == line.end())) {
    return "needs either " + name + " or " + encoded_name;
  }
  const bool is_plain = plain != line.end();
  Json& field = is_plain ? *plain : *encoded;
  const std::string& field_name = is_plain ? name : encoded_name;
  if (!field.is_string()) return field_name + " is not a string";
  bytes = std::move(field.get_ref<std::string&>());
  if (!is_plain) {
    std::optional<std::string> decoded = DecodeBase64(bytes);
    if (!decoded) return field_name + " is not base64 (RFC 4648)";
    bytes = *std::move(decoded);
  }
  if (bytes.size() > max_bytes) return field_name + " is too large";
  line.erase(field_name);
  return std::string();
}

// Takes an optional time out of the line. Null is as if it were absent.
std::string TakeTime(Json& line, const char* name,
                     std::optional<TimePoint>& time) {
  constexpr auto kMaxMs =
      std::chrono::floor<milliseconds>(SqliteCache::kMaxTime.time_since_epoch())
          .count();
  const auto field = line.find(name);
  if (field == line.end()) return std::string();
  if (!field->is_null()) {
    const bool is_valid = field->is_number_unsigned() &&
                          field->get<uint64_t>() <= uint64_t{kMaxMs};
    if (!is_valid) {
      return std::string(name) +
             " is not a time in milliseconds from 1970 to 9999";
    }
    time = TimePoint(milliseconds(field->get<int64_t>()));
  }
  line.erase(name);
  return std::string();
}

std::string ParseEntry(Json line, StoredEntry& entry) {
  EntryInfo& info = entry.info;
  std::string value;
  std::string wrong =
      TakeBytes(line, "key", SqliteCache::kMaxKeyBytes, info.path);
  if (wrong.empty()) {
    wrong = TakeBytes(line, "value", SqliteCache::kMaxValueBytes, value);
  }
  std::optional<TimePoint> last_access;
  if (wrong.empty()) wrong = TakeTime(line, "last_access_at_ms", last_access);
  if (wrong.empty()) wrong = TakeTime(line, "expires_at_ms", info.expires_at);
  if (wrong.empty() && !line.empty()) {
    wrong = "unknown field " + Quoted(line.begin().key());
  }
  entry.value = Bytes::Copy(value);
  info.bytes = info.path.size() + value.size();
  info.last_used = last_access ? *last_access : Clock::Wall()->Now();
  return wrong;
}

bool HasUnsigned(const Json& line, const char* name) {
  const auto field = line.find(name);
  return field != line.end() && field->is_number_unsigned();
}

bool IsHeader(const Json& line) {
  const auto format = line.find("format");
  return format != line.end() && line.size() == 2 && *format == kFormat &&
         HasUnsigned(line, "version");
}

bool IsEnd(const Json& line) {
  const auto end = line.find("end");
  return end != line.end() && line.size() == 2 && *end == true &&
         HasUnsigned(line, "entries");
}

}  // namespace

bool IsStartOfDumpLines(char first) {
  return first == '{' || first == '\n' || first == kByteOrderMark.front() ||
         kBlank.find(first) != std::string_view::npos;
}

// --- DumpLinesWriter.

Status DumpLinesWriter::WriteHeader() {
  if (has_header_) return Status();
  has_header_ = true;
  return sink_(Json{{"format", kFormat}, {"version", kVersion}}.dump() + "\n");
}

Status DumpLinesWriter::Add(const WalkedEntry& entry) {
  Status written = WriteHeader();
  if (!written.ok()) return written;
  Json line;
  AddBytes(line, "key", entry.path);
  AddBytes(line, "value", entry.value);
  line["last_access_at_ms"] = MsOrNull(entry.last_access);
  line["expires_at_ms"] = MsOrNull(entry.expires_at);
  ++entries_;
  return sink_(line.dump() + "\n");
}

Status DumpLinesWriter::Finish() {
  Status written = WriteHeader();
  if (!written.ok()) return written;
  return sink_(Json{{"end", true}, {"entries", entries_}}.dump() + "\n");
}

// --- DumpLinesReader.

Status DumpLinesReader::Corrupt(std::string_view what) const {
  std::string message("the dump is damaged at line ");
  message.append(std::to_string(lines_.line_number())).append(": ");
  return Status(ErrorCode::kCorrupt, message.append(what));
}

Status DumpLinesReader::CheckComplete() const {
  if (!has_header_ || has_end_) return Status();
  return Corrupt("unexpected end of the dump after it");
}

Status DumpLinesReader::ReadLine(std::vector<StoredEntry>& block, size_t& bytes,
                                 bool& is_done) {
  std::string_view text;
  const Result<bool> is_line = lines_.Next(text, kMaxLineBytes);
  if (!is_line.ok()) return is_line.status();
  is_done = !*is_line;
  if (is_done) return CheckComplete();
  if (lines_.line_number() == 1 && text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (text.find_first_not_of(kBlank) == std::string_view::npos) {
    return Status();
  }
  const bool is_first = !std::exchange(has_line_, true);
  if (has_end_) return Corrupt("data after the end of the dump");
  if (!IsFlat(text)) return Corrupt("not a flat JSON object");
  Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return Corrupt("not a JSON object");
  if (is_first && IsHeader(line)) {
    if (line["version"] != kVersion) {
      return Status(ErrorCode::kUnsupported,
                    "the dump has format version " + line["version"].dump() +
                        ", this appcache supports version 1; upgrade appcache");
    }
    has_header_ = true;
    return Status();
  }
  if (has_header_ && IsEnd(line)) {
    has_end_ = true;
    return line["entries"] == entries_ ? Status()
                                       : Corrupt("entries are missing");
  }
  StoredEntry entry;
  const std::string wrong = ParseEntry(std::move(line), entry);
  if (!wrong.empty()) return Corrupt(wrong);
  ++entries_;
  bytes += entry.info.bytes;
  block.push_back(std::move(entry));
  return Status();
}

Result<std::vector<StoredEntry>> DumpLinesReader::NextBlock() {
  if (!error_.ok()) return error_;
  std::vector<StoredEntry> block;
  size_t bytes = 0;
  bool is_done = false;
  while (!is_done && block.size() < kBlockEntries && bytes < kBlockBytes) {
    error_ = ReadLine(block, bytes, is_done);
    if (!error_.ok()) break;
  }
  if (!error_.ok() && block.empty()) return error_;
  return block;
}

}  // namespace appcache::command
