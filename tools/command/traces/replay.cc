#include "tools/command/traces/replay.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "engine/uri/scheme_registry.h"
#include "tools/command/cache/location.h"
#include "tools/command/cache/open_cache.h"
#include "tools/command/io/report.h"
#include "tools/command/traces/trace_input.h"

namespace appcache::command {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The limits of one replay.
struct Capacity {
  std::optional<uint64_t> max_entries;
  std::optional<uint64_t> max_bytes;
};

std::vector<Capacity> CapacitiesOf(const ReplayOptions& options) {
  std::vector<std::optional<uint64_t>> entries(options.max_entries.begin(),
                                               options.max_entries.end());
  std::vector<std::optional<uint64_t>> bytes(options.max_bytes.begin(),
                                             options.max_bytes.end());
  if (entries.empty()) entries.emplace_back();
  if (bytes.empty()) bytes.emplace_back();
  std::vector<Capacity> capacities;
  for (const auto& max_entries : entries) {
    for (const auto& max_bytes : bytes) {
      capacities.push_back({max_entries, max_bytes});
    }
  }
  return capacities;
}

bool IsLimit(const internal::Uri::Option& option) {
  return option.name == "max_entries" || option.name == "max_bytes";
}

bool HasLimit(const internal::Uri& location) {
  return std::any_of(location.options.begin(), location.options.end(), IsLimit);
}

// kInvalidArgument when the cache has entries. Opens it without limits, so that
// no entry of an existing cache is evicted.
Status CheckEmpty(internal::Uri location, const CacheFlags& flags) {
  const std::string kind = KindOf(location);
  std::erase_if(location.options, IsLimit);
  CacheFlags unlimited;
  unlimited.uri = flags.uri;
  const auto cache =
      OpenLocation(std::move(location), unlimited, IfMissing::kCreate);
  if (!cache.ok()) return cache.status();
  const std::optional<uint64_t> entries = (*cache)->Stats().entries;
  if (!entries) {
    return Status(ErrorCode::kUnsupported,
                  "replay needs an empty cache, and " + kind +
                      " cannot report its number of entries; omit --cache, or "
                      "name a new SQLite file");
  }
  if (*entries == 0) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "replay needs an empty cache, but this one has " +
                    std::to_string(*entries) + " entries; name a new file");
}

Status Usage(const char* message) {
  return Status(ErrorCode::kInvalidArgument, message);
}

// Whether each pass over the trace can begin at its start. That of a file that
// cannot be read fails, and says why.
bool CanBeReadAgain(const std::string& trace) {
  if (trace == "-") return false;
  struct stat info = {};
  return stat(trace.c_str(), &info) != 0 || S_ISREG(info.st_mode);
}

Status CheckReplayOptions(const ReplayOptions& options) {
  const size_t entries = options.max_entries.size();
  const size_t bytes = options.max_bytes.size();
  if (entries > 1 && bytes > 1) {
    return Usage(
        "replay: give several values to --max-entries or to "
        "--max-bytes, not to both");
  }
  if (entries > 1 || bytes > 1) {
    if (!options.cache.empty()) {
      return Usage(
          "replay: several capacities need several caches; omit "
          "--cache");
    }
    if (!CanBeReadAgain(options.trace)) {
      return Usage(
          "replay: several capacities need several passes, and standard "
          "input or a pipe can be read once; name a file");
    }
  }
  if (entries + bytes > 0) return Status();
  // Without a limit, every key would hit from its second request on.
  if (!options.cache.empty()) {
    CacheFlags flags;
    flags.uri = options.cache;
    const Result<internal::Uri> location = LocationOf(flags);
    if (!location.ok()) return location.status();
    if (location->scheme != "sqlite" || HasLimit(*location)) return Status();
  }
  return Usage(
      "replay: missing --max-entries N, or --max-bytes SIZE, the size "
      "of the measured cache");
}

Result<std::unique_ptr<Cache>> OpenInMemory(
    const Capacity& capacity, std::shared_ptr<const Clock> clock) {
  constexpr uint64_t kUnlimited = uint64_t{1} << 62;
  SqliteCacheOptions options;
  options.max_entries = capacity.max_entries.value_or(kUnlimited);
  options.max_bytes = capacity.max_bytes;
  options.clock = std::move(clock);
  return internal::ToCache(SqliteCache::OpenInMemory(
      options, "appcache_replay_" + std::to_string(getpid())));
}

Result<std::unique_ptr<Cache>> OpenEmpty(const std::string& uri,
                                         const Capacity& capacity) {
  CacheFlags flags;
  flags.uri = uri;
  flags.max_entries = capacity.max_entries;
  flags.max_bytes = capacity.max_bytes;
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  Status empty = CheckEmpty(*std::move(location), flags);
  if (!empty.ok()) return empty;
  return OpenCache(flags, IfMissing::kCreate);
}

// Does requests, and measures the calls.
class Player {
 public:
  Player(Backend& backend, uint64_t value_bytes, ReplayReport& report)
      : backend_(backend), value_bytes_(value_bytes), report_(report) {}

  Status Play(const trace::Request& request) {
    ++report_.trace_operations;
    switch (request.operation) {
      case trace::Operation::kGet:
        return Get(request);
      case trace::Operation::kSet:
        return Set(request);
      case trace::Operation::kDelete:
        return Timed(report_.deletes,
                     [&] { return backend_.InvalidateRaw(request.key); });
    }
    return Status();
  }

 private:
  uint64_t SizeOf(const trace::Request& request) const {
    return request.value_bytes.value_or(value_bytes_);
  }

  template <class Call>
  std::invoke_result_t<Call&> Timed(Histogram& histogram, Call call) {
    const auto begin = SteadyClock::now();
    auto result = call();
    const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(
        SteadyClock::now() - begin);
    histogram.Record(static_cast<uint64_t>(time.count()));
    report_.nanoseconds += static_cast<uint64_t>(time.count());
    return result;
  }

  Status Get(const trace::Request& request) {
    const uint64_t bytes = SizeOf(request);
    ++report_.requests;
    report_.requested_bytes += bytes;
    const Lookup<Bytes> found =
        Timed(report_.gets, [&] { return backend_.GetRaw(request.key); });
    if (found.has_error()) return found.status();
    if (!found) return Set(request);
    ++report_.hits;
    report_.hit_bytes += bytes;
    return Status();
  }

  Status Set(const trace::Request& request) {
    const uint64_t bytes = SizeOf(request);
    if (bytes > kMaxReplayedValueBytes) {
      ++report_.too_large;
      return backend_.InvalidateRaw(request.key);
    }
    if (value_.size() < bytes) value_.resize(bytes, 'v');
    const std::string_view value(value_.data(), bytes);
    Status stored = Timed(report_.sets, [&] {
      return backend_.SetRaw(request.key, value, request.ttl);
    });
    if (stored.Is(ErrorCode::kTooLarge) && request.value_bytes) {
      ++report_.too_large;
      return Status();
    }
    return stored;
  }

  Backend& backend_;
  const uint64_t value_bytes_;
  ReplayReport& report_;
  std::string value_;  // as long as the longest so far
};

// Opens the trace and a cache, and replays it.
Status ReplayOnce(const ReplayOptions& options, const Capacity& capacity,
                  ReplayReport& report) {
  report.max_entries = capacity.max_entries;
  report.max_bytes = capacity.max_bytes;
  Result<trace::Trace> trace = OpenTrace(options.trace, options.format);
  if (!trace.ok()) return trace.status();
  if (!options.cache.empty()) {
    const auto cache = OpenEmpty(options.cache, capacity);
    if (!cache.ok()) return cache.status();
    Status played = ReplayTrace(*trace, *(*cache)->backend(), nullptr,
                                options.value_bytes, report);
    report.estimates = (*cache)->Stats().hit_ratio_curve;
    return played;
  }
  const auto clock = std::make_shared<TraceClock>();
  const auto cache = OpenInMemory(capacity, clock);
  if (!cache.ok()) return cache.status();
  Status played = ReplayTrace(*trace, *(*cache)->backend(), clock.get(),
                              options.value_bytes, report);
  report.estimates = (*cache)->Stats().hit_ratio_curve;
  return played;
}

// Replays of different requests cannot be compared.
Status CheckSameTrace(const ReplayReport& first, const ReplayReport& report) {
  if (report.requests == first.requests &&
      report.trace_operations == first.trace_operations) {
    return Status();
  }
  return Status(ErrorCode::kUnavailable,
                "the trace has changed between two replays: it had " +
                    std::to_string(first.trace_operations) +
                    " operations, and then " +
                    std::to_string(report.trace_operations));
}

}  // namespace

Status ReplayTrace(trace::Trace& trace, Backend& backend, TraceClock* clock,
                   uint64_t value_bytes, ReplayReport& report) {
  Player player(backend, value_bytes, report);
  bool has_times = false;
  bool has_ttls = false;
  Status played = VisitRequests(trace, "replay", [&](trace::Request& request) {
    has_times |= request.time.has_value();
    has_ttls |= request.ttl != kNoTtl;
    if (clock != nullptr && request.time) clock->MoveTo(*request.time);
    if (clock != nullptr && !has_times) request.ttl = kNoTtl;
    return player.Play(request);
  });
  report.lacks_times = has_ttls && !has_times;
  return played;
}

int Replay(const ReplayOptions& options) {
  const Status usable = CheckReplayOptions(options);
  if (!usable.ok()) return Fail(usable);
  std::vector<ReplayReport> reports;
  for (const Capacity& capacity : CapacitiesOf(options)) {
    Status status = ReplayOnce(options, capacity, reports.emplace_back());
    if (status.ok()) status = CheckSameTrace(reports.front(), reports.back());
    if (!status.ok()) return Fail(status);
  }
  if (reports.front().lacks_times && options.cache.empty()) {
    NoteMissingTimes();
  }
  return options.json ? PrintReplayJson(reports) : PrintReplay(reports);
}

}  // namespace appcache::command
