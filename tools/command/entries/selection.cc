#include "tools/command/entries/selection.h"

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

// Entries are removed together up to this number, or this size of paths.
constexpr size_t kRemovedAtOnce = 1000;
constexpr size_t kPathBytesAtOnce = size_t{1} << 20;

Json UnixMsOrNull(const std::optional<TimePoint>& time) {
  return time ? Json(UnixMs(*time)) : Json(nullptr);
}

}  // namespace

bool HasOnlyLeftOutDamaged(const Status& walked) {
  return walked.Is(ErrorCode::kCorrupt) &&
         walked.error().native_code == EBADMSG;
}

Result<Selection> Selection::Matching(
    const KeyFlags& flags, const Cache& cache,
    const std::optional<std::string>& pattern) {
  Selection selection;
  if (!pattern && (flags.whole_path || !flags.prefix)) return selection;
  const std::string before =
      flags.whole_path ? std::string()
                       : Glob::Escape(PathOf(flags, cache, std::string()));
  Result<Glob> glob = Glob::Parse(before + pattern.value_or("*"));
  if (!glob.ok()) return glob.status();
  selection.pattern_ = *std::move(glob);
  return selection;
}

Result<Selection> Selection::StartingWith(
    const KeyFlags& flags, const Cache& cache,
    const std::optional<std::string>& key_prefix) {
  if (!key_prefix) return Matching(flags, cache, std::nullopt);
  Selection selection;
  if (!flags.whole_path) selection.prefix_ = PathOf(flags, cache, "");
  selection.prefix_ += *key_prefix;
  return selection;
}

Status Selection::Walk(Backend& backend, bool with_values,
                       WalkVisitor visit) const {
  if (!pattern_) return backend.WalkRaw({prefix_, with_values}, visit);
  return backend.WalkRaw(
      {pattern_->literal_prefix(), with_values}, [&](const WalkedEntry& entry) {
        return !pattern_->Matches(entry.path) || visit(entry);
      });
}

Result<Removal> Selection::Remove(Backend& backend, bool is_dry_run) const {
  uint64_t removed = 0;
  Status status;
  // A walk may visit an entry twice before it is removed.
  std::unordered_set<std::string> paths;
  size_t path_bytes = 0;
  const auto remove = [&] {
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    if (!is_dry_run) status = backend.InvalidateManyRaw(views);
    if (status.ok()) removed += paths.size();
    paths.clear();
    path_bytes = 0;
    return status.ok();
  };
  const Status walked =
      Walk(backend, /*with_values=*/false, [&](const WalkedEntry& entry) {
        if (!paths.emplace(entry.path).second) return true;
        path_bytes += entry.path.size();
        const bool has_room =
            paths.size() < kRemovedAtOnce && path_bytes < kPathBytesAtOnce;
        return has_room || remove();
      });
  // What was found before an error of the walk is removed too.
  if (status.ok() && !paths.empty()) remove();
  if (!status.ok()) return status;
  if (!walked.ok() && !HasOnlyLeftOutDamaged(walked)) return walked;
  return Removal{removed, walked};
}

ListedEntry ToListed(const WalkedEntry& entry) {
  return {std::string(entry.path), entry.path.size() + entry.value_bytes,
          entry.last_access, entry.expires_at};
}

int64_t UnixMs(TimePoint time) {
  using std::chrono::milliseconds;
  return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

Json EntryJson(const ListedEntry& entry) {
  Json json;
  SetBytes(json, "key", entry.path);
  json["bytes"] = entry.bytes;
  json["last_access_at_ms"] = UnixMsOrNull(entry.last_access);
  json["expires_at_ms"] = UnixMsOrNull(entry.expires_at);
  return json;
}

}  // namespace appcache::command
