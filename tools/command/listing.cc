#include "tools/command/listing.h"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "appcache/sqlite_cache.h"
#include "appcache/times.h"
#include "tools/command/exit_status.h"
#include "tools/command/report.h"
#include "tools/command/text.h"

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

}  // namespace

int Keys(const KeysOptions& options) {
  const auto cache = OpenSqliteCacheToRead(options.cache, "list its entries");
  if (!cache.ok()) return Fail(cache.status());
  const bool escape = !options.null && isatty(STDOUT_FILENO);
  std::string text(options.json ? "[" : "");
  uint64_t count = 0;
  int printed = kDone;
  const Status visited = (*cache)->ForEachKey([&](const EntryInfo& info) {
    if (!info.path.starts_with(options.prefix)) return true;
    if (options.json) {
      text += (count > 0 ? ",\n" : "") + JsonText(Describe(info));
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

}  // namespace appcache::command
