#include "adapters/lmdb/walk.h"

#include <lmdb.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/lmdb/find.h"
#include "adapters/lmdb/prefix_scan.h"
#include "adapters/lmdb/record.h"
#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

// A step ends once it has copied this much.
constexpr size_t kMaxCopiedBytes = size_t{1} << 20;

struct CopiedEntry {
  std::string path;
  std::string value;
  uint64_t value_bytes;
  std::optional<TimePoint> expires_at;
};

// Copies the entries that a scan visits.
class Copier {
 public:
  Copier(const Clock& clock, bool with_values) noexcept
      : clock_(clock), with_values_(with_values) {}

  // A PrefixScan::Visit. Throws std::bad_alloc.
  bool Copy(std::string_view key, std::string_view record_bytes) {
    std::optional<Record> record =
        with_values_ ? DecodeRecord(record_bytes) : DecodeHead(record_bytes);
    if (!record) {
      ++damaged_;
      return true;
    }
    if (record->expires_at && !IsLive(*record, clock_.Now(), is_ahead_)) {
      return true;
    }
    const std::string_view path = record->path ? *record->path : key.substr(1);
    const std::string_view value =
        with_values_ ? record->value : std::string_view();
    entries_.push_back({std::string(path), std::string(value),
                        record->value.size(), record->expires_at});
    bytes_ += path.size() + value.size();
    return bytes_ < kMaxCopiedBytes;
  }

  // The entries since the last call.
  std::vector<CopiedEntry> Take() {
    bytes_ = 0;
    return std::exchange(entries_, {});
  }

  uint64_t damaged() const noexcept { return damaged_; }
  bool is_ahead() const noexcept { return is_ahead_; }

 private:
  const Clock& clock_;
  const bool with_values_;
  std::vector<CopiedEntry> entries_;
  size_t bytes_ = 0;
  uint64_t damaged_ = 0;
  bool is_ahead_ = false;
};

}  // namespace

Status WalkEntries(Environment& environment, const Clock& clock,
                   std::chrono::milliseconds busy_timeout,
                   const WalkOptions& options, WalkVisitor visit,
                   bool& is_ahead) {
  PrefixScan scan(options.path_prefix);
  Copier copier(clock, options.with_values);
  while (!scan.is_done()) {
    Status status = environment.Read(busy_timeout, [&](MDB_txn* txn) {
      const int rc =
          scan.Next(txn, environment.tables(),
                    [&](std::string_view key, std::string_view record) {
                      return copier.Copy(key, record);
                    });
      return rc == 0 ? Status()
                     : Failure(rc, "read from", environment.directory());
    });
    is_ahead = is_ahead || copier.is_ahead();
    if (!status.ok()) return status;
    for (const CopiedEntry& entry : copier.Take()) {
      if (!visit(
              {entry.path, entry.value, entry.value_bytes, entry.expires_at})) {
        return Status();
      }
    }
  }
  if (copier.damaged() == 0) return Status();
  return Status(ErrorCode::kCorrupt,
                std::to_string(copier.damaged()) +
                    " damaged records in the LMDB cache " +
                    environment.directory() +
                    " were left out; clear the cache, or let them be evicted",
                EBADMSG);
}

}  // namespace appcache::lmdb
