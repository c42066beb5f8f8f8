// Selection: which entries of a cache a command works on.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_SELECTION_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_SELECTION_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/times.h"
#include "tools/command/entries/entries.h"
#include "tools/command/text/glob.h"

namespace appcache::command {

// True if a walk has visited every entry, except damaged ones, which this error
// of it reports.
bool HasOnlyLeftOutDamaged(const Status& walked);

// What Selection::Remove has done.
struct Removal {
  // Of those that the walk found, so one that another client removed at the
  // same time counts too. One that the walk visited twice counts once if it was
  // removed; it may count twice if it was only counted.
  uint64_t entries = 0;
  // That damaged entries were left out, if so.
  Status damage;
};

class Selection {
 public:
  // Every entry, whatever its prefix.
  Selection() = default;

  // The entries whose key matches `pattern`, as `flags` turn a KEY into a key
  // path: only those of one prefix, or with `whole_path`, those whose whole
  // path matches. Without a pattern: those of flags.prefix, or if there is
  // none, every entry. kInvalidArgument for an invalid pattern.
  static Result<Selection> Matching(const KeyFlags& flags, const Cache& cache,
                                    const std::optional<std::string>& pattern);

  // The same for keys that start with the bytes `key_prefix`.
  static Result<Selection> StartingWith(
      const KeyFlags& flags, const Cache& cache,
      const std::optional<std::string>& key_prefix);

  // Visits the selected entries (see Backend::WalkRaw).
  Status Walk(Backend& backend, bool with_values, WalkVisitor visit) const;

  // Removes the selected entries, or with `is_dry_run` only counts them.
  // After an error some have been removed. The memory that it takes does not
  // depend on their number.
  Result<Removal> Remove(Backend& backend, bool is_dry_run) const;

 private:
  std::optional<Glob> pattern_;  // of whole paths
  std::string prefix_;           // of whole paths, without a pattern
};

// An entry without its value.
struct ListedEntry {
  std::string path;
  uint64_t bytes = 0;                         // of path and value
  std::optional<TimePoint> last_access = {};  // none: unknown
  std::optional<TimePoint> expires_at = {};   // none: never
};

ListedEntry ToListed(const WalkedEntry& entry);

// The object "entry" of json.md.
nlohmann::ordered_json EntryJson(const ListedEntry& entry);

// Milliseconds since 1970.
int64_t UnixMs(TimePoint time);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_SELECTION_H_
