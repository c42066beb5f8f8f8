#include "tools/command/entries/top.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "appcache/clock.h"
#include "tools/command/io/repeat.h"
#include "tools/command/io/report.h"
#include "tools/command/io/screen.h"
#include "tools/command/io/signal_blocker.h"
#include "tools/command/text/table.h"
#include "tools/command/text/text.h"
#include "tools/command/text/top_k.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

struct TopList {
  std::vector<ListedEntry> entries;
  uint64_t all_entries = 0;
  uint64_t all_bytes = 0;
  Status damage;  // that damaged entries were left out, if so
};

Result<TopList> Take(Backend& backend, TopOrder order, uint64_t limit) {
  TopK<ListedEntry, TopBetter> best(limit, TopBetter{order});
  TopList list;
  bool is_unordered = false;
  const Status walked = backend.WalkRaw({}, [&](const WalkedEntry& entry) {
    is_unordered = order != TopOrder::kSize && !entry.last_access;
    if (is_unordered) return false;
    const ListedEntry listed = ToListed(entry);
    best.Offer(listed);
    ++list.all_entries;
    list.all_bytes += listed.bytes;
    return true;
  });
  if (!walked.ok() && !HasOnlyLeftOutDamaged(walked)) return walked;
  list.damage = walked;
  if (is_unordered) {
    return Status(ErrorCode::kUnsupported,
                  "the last accesses are unknown, because this is not a SQLite "
                  "file; use --by size");
  }
  list.entries = best.Take();
  return list;
}

std::string Render(const TopList& list, TimePoint now, size_t width) {
  return std::to_string(list.all_entries) + " entries, " +
         FormatSize(list.all_bytes) + "\n" + TopTable(list.entries, now, width);
}

int PrintAsJson(const TopList& list) {
  Json entries = Json::array();
  for (const ListedEntry& entry : list.entries) {
    entries.push_back(EntryJson(entry));
  }
  return PrintJson(Json{{"entries", list.all_entries},
                        {"bytes", list.all_bytes},
                        {"top", std::move(entries)}});
}

int Watch(Backend& backend, const TopOptions& options, SignalBlocker& signals) {
  LiveScreen screen;
  return PrintRepeatedly(signals, {*options.watch, std::nullopt, &screen},
                         [&]() -> Result<std::string> {
                           const Result<TopList> list =
                               Take(backend, options.order, options.limit);
                           if (!list.ok()) return list.status();
                           const ScreenSize size = SizeOfScreen();
                           std::string text;
                           if (!list->damage.ok()) {
                             text = Escape(list->damage.message()) + "\n";
                           }
                           text += Render(*list, Clock::Wall()->Now(),
                                          size.columns);
                           return DrawInPlace(text, size);
                         });
}

}  // namespace

bool TopBetter::operator()(const ListedEntry& a, const ListedEntry& b) const {
  switch (order) {
    case TopOrder::kSize:
      return std::tie(b.bytes, a.path) < std::tie(a.bytes, b.path);
    case TopOrder::kAge:
      return std::tie(a.last_access, a.path) < std::tie(b.last_access, b.path);
    case TopOrder::kUse:
      return std::tie(b.last_access, a.path) < std::tie(a.last_access, b.path);
  }
  return false;
}

std::string TopTable(std::span<const ListedEntry> entries, TimePoint now,
                     size_t width) {
  Table table({{"SIZE", Table::Align::kRight},
               {"UNUSED", Table::Align::kRight},
               {"TTL", Table::Align::kRight},
               {"KEY", Table::Align::kLeft}});
  for (const ListedEntry& info : entries) {
    table.AddRow({FormatSize(info.bytes),
                  info.last_access ? FormatDuration(duration_cast<milliseconds>(
                                         now - *info.last_access))
                                   : "-",
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
  if (watches)
    signals.emplace(
        kScreenSignals);  // before the cache, which may start threads
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const Status listed = CheckCanList(options.cache, **cache);
  if (!listed.ok()) return Fail(listed);
  Backend& backend = *(*cache)->backend();
  if (watches) return Watch(backend, options, *signals);
  const Result<TopList> list = Take(backend, options.order, options.limit);
  if (!list.ok()) return Fail(list.status());
  const size_t width = on_terminal ? SizeOfScreen().columns : 0;
  const int printed = options.json
                          ? PrintAsJson(*list)
                          : Print(Render(*list, Clock::Wall()->Now(), width));
  return list->damage.ok() ? printed : Fail(list->damage);
}

}  // namespace appcache::command
