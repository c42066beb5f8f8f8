#include "tools/command/listing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tools/command/exit_status.h"
#include "tools/command/report.h"
#include "tools/command/text.h"
#include "tools/command/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPrintSize = size_t{64} << 10;

Json Describe(const EntryInfo& info) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto unix_ms = [](TimePoint time) {
    return duration_cast<milliseconds>(time.time_since_epoch()).count();
  };
  Json entry;
  SetBytes(entry, "key", info.path);
  entry["bytes"] = info.bytes;
  entry["last_used_ms"] = unix_ms(info.last_used);
  entry["expires_at_ms"] =
      info.expires_at ? Json(unix_ms(*info.expires_at)) : Json(nullptr);
  return entry;
}

// 0 when there is no such file.
uint64_t FileSize(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size)
                                        : 0;
}

int TellOfFile(const Cache& cache, const std::string& path, bool json) {
  const CacheStats stats = cache.Stats();
  if (!stats.entries || !stats.bytes) {
    return Fail(Status(ErrorCode::kUnavailable,
                       "the counts of " + path + " cannot be read"));
  }
  const uint64_t file_bytes = FileSize(path);
  const uint64_t log_bytes = FileSize(path + "-wal");
  if (json) {
    Json report;
    SetBytes(report, "cache", path);
    report["entries"] = *stats.entries;
    report["bytes"] = *stats.bytes;
    report["file_bytes"] = file_bytes;
    report["log_bytes"] = log_bytes;
    return PrintJson(report);
  }
  return Print("cache    " + Escape(path) + "\nentries  " +
               std::to_string(*stats.entries) + "\nbytes    " +
               std::to_string(*stats.bytes) + " of keys and values, " +
               FormatSize(*stats.bytes) + "\nfile     " +
               FormatSize(file_bytes) + "\nlog      " + FormatSize(log_bytes) +
               "\n");
}

int TellOfBackend(Cache& cache, bool json) {
  const Result<std::string> version = cache.Ping();
  if (!version.ok()) return Fail(version.status());
  const BackendTraits traits = cache.Traits();
  const CacheStats stats = cache.Stats();
  if (json) {
    Json report;
    SetBytes(report, "cache", traits.location);
    report["backend"] = traits.name;
    report["version"] = *version;
    report["entries"] = stats.entries ? Json(*stats.entries) : Json(nullptr);
    report["bytes"] = stats.bytes ? Json(*stats.bytes) : Json(nullptr);
    return PrintJson(report);
  }
  const std::string untold = "not told by " + traits.name;
  return Print("cache    " + Escape(traits.location) + "\nversion  " +
               Escape(*version) + "\nentries  " +
               (stats.entries ? std::to_string(*stats.entries) : untold) +
               "\nbytes    " +
               (stats.bytes ? FormatSize(*stats.bytes) : untold) + "\n");
}

}  // namespace

int Keys(const KeysOptions& options) {
  const auto cache =
      OpenSqliteCache(options.cache, IfMissing::kFail, "list its entries");
  if (!cache.ok()) return Fail(cache.status());
  const bool escape = !options.null && isatty(STDOUT_FILENO);
  std::string text(options.json ? "[" : "");
  uint64_t count = 0;
  int printed = kDone;
  const Status visited = (*cache)->ForEachKey([&](const EntryInfo& info) {
    if (!info.path.starts_with(options.prefix)) return true;
    if (options.json) {
      text += (count > 0 ? ",\n" : "") + Describe(info).dump();
    } else {
      text += escape ? Escape(info.path) : info.path;
      text += options.null ? '\0' : '\n';
    }
    if (text.size() >= kPrintSize) {
      printed = Print(text);
      text.clear();
    }
    ++count;
    return printed == kDone && (!options.limit || count < *options.limit);
  });
  if (options.json) text += "]\n";
  if (printed == kDone) printed = Print(text);
  return visited.ok() ? printed : Fail(visited);
}

int Stats(const StatsOptions& options) {
  const Result<Uri> location = LocationOf(options.cache);
  if (!location.ok()) return Fail(location.status());
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  if (location->scheme == "sqlite") {
    return TellOfFile(**cache, location->path, options.json);
  }
  return TellOfBackend(**cache, options.json);
}

}  // namespace appcache::command
