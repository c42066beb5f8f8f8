#include "tools/command/top.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "appcache/clock.h"
#include "appcache/sqlite_cache.h"
#include "tools/command/repeat.h"
#include "tools/command/report.h"
#include "tools/command/screen.h"
#include "tools/command/signal_blocker.h"
#include "tools/command/table.h"
#include "tools/command/text.h"
#include "tools/command/top_k.h"
#include "tools/command/units.h"

namespace appcache::command {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

struct TopList {
  std::vector<EntryInfo> entries;
  uint64_t all_entries = 0;
  uint64_t all_bytes = 0;
};

Result<TopList> Take(SqliteCache& cache, TopOrder order, uint64_t limit) {
  TopK<EntryInfo, TopBetter> best(limit, TopBetter{order});
  TopList list;
  const Status visited = cache.ForEachKey([&](const EntryInfo& info) {
    best.Offer(info);
    ++list.all_entries;
    list.all_bytes += info.bytes;
    return true;
  });
  if (!visited.ok()) return visited;
  list.entries = best.Take();
  return list;
}

std::string Render(const TopList& list, TimePoint now, size_t width) {
  return std::to_string(list.all_entries) + " entries, " +
         FormatSize(list.all_bytes) + "\n" + TopTable(list.entries, now, width);
}

int PrintAsJson(const TopList& list, TimePoint now) {
  Json entries = Json::array();
  for (const EntryInfo& info : list.entries) {
    Json entry;
    SetBytes(entry, "key", info.path);
    entry["bytes"] = info.bytes;
    entry["unused_ms"] =
        duration_cast<milliseconds>(now - info.last_used).count();
    entry["ttl_ms"] =
        info.expires_at
            ? Json(duration_cast<milliseconds>(*info.expires_at - now).count())
            : Json(nullptr);
    entries.push_back(std::move(entry));
  }
  return PrintJson(Json{{"entries", list.all_entries},
                        {"bytes", list.all_bytes},
                        {"top", std::move(entries)}});
}

int Watch(SqliteCache& cache, const TopOptions& options,
          SignalBlocker& signals) {
  bool is_first = true;
  return PrintRepeatedly(
      signals, {*options.watch, std::nullopt}, [&]() -> Result<std::string> {
        const Result<TopList> list = Take(cache, options.order, options.limit);
        if (!list.ok()) return list.status();
        const ScreenSize size = SizeOfScreen();
        const std::string text =
            Render(*list, Clock::Wall()->Now(), size.columns);
        return (std::exchange(is_first, false) ? kClearScreen : "") +
               DrawInPlace(text, size);
      });
}

}  // namespace

bool TopBetter::operator()(const EntryInfo& a, const EntryInfo& b) const {
  switch (order) {
    case TopOrder::kSize:
      return std::tie(b.bytes, a.path) < std::tie(a.bytes, b.path);
    case TopOrder::kAge:
      return std::tie(a.last_used, a.path) < std::tie(b.last_used, b.path);
    case TopOrder::kUse:
      return std::tie(b.last_used, a.path) < std::tie(a.last_used, b.path);
  }
  return false;
}

std::string TopTable(std::span<const EntryInfo> entries, TimePoint now,
                     size_t width) {
  Table table({{"SIZE", Table::Align::kRight},
               {"UNUSED", Table::Align::kRight},
               {"TTL", Table::Align::kRight},
               {"KEY", Table::Align::kLeft}});
  for (const EntryInfo& info : entries) {
    const auto unused = duration_cast<milliseconds>(now - info.last_used);
    table.AddRow({FormatSize(info.bytes), FormatDuration(unused),
                  info.expires_at ? FormatDuration(duration_cast<milliseconds>(
                                        *info.expires_at - now))
                                  : "-",
                  Escape(info.path)});
  }
  return table.Render(width);
}

int Top(const TopOptions& options) {
  const bool on_terminal = isatty(STDOUT_FILENO) != 0;
  std::optional<SignalBlocker> signals;
  const bool watches = options.watch && on_terminal && !options.json;
  if (watches) signals.emplace();  // before the cache, which may start threads
  const auto cache = OpenSqliteCacheToRead(options.cache, "list its entries");
  if (!cache.ok()) return Fail(cache.status());
  if (watches) return Watch(**cache, options, *signals);
  const Result<TopList> list = Take(**cache, options.order, options.limit);
  if (!list.ok()) return Fail(list.status());
  const TimePoint now = Clock::Wall()->Now();
  if (options.json) return PrintAsJson(*list, now);
  return Print(Render(*list, now, on_terminal ? SizeOfScreen().columns : 0));
}

}  // namespace appcache::command
