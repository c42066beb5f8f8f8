// appcache load.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "appcache/clock.h"
#include "tools/command/dump/dump_format.h"
#include "tools/command/dump/dump_lines.h"
#include "tools/command/dump/transfer.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using Entries = std::vector<StoredEntry>;

struct Loaded {
  uint64_t entries = 0;  // of the blocks that were loaded
  uint64_t expired = 0;  // of these, skipped because they have expired
};

// The input of a load: its bytes, of which the first can be read twice.
class Input {
 public:
  // Messages call it `name`.
  Input(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  // The first byte; none if there is no byte.
  Result<std::optional<char>> First() {
    char byte = 0;
    const Result<size_t> got = ReadFromFile(&byte, 1);
    if (!got.ok()) return got.status();
    if (*got == 1) first_ = byte;
    return first_;
  }

  // A source of DumpReader and of LineReader.
  Result<size_t> Read(char* data, size_t size) {
    if (!first_ || size == 0) return ReadFromFile(data, size);
    data[0] = *std::exchange(first_, std::nullopt);
    return size_t{1};
  }

  const std::string& name() const { return name_; }
  uint64_t bytes_read() const { return bytes_read_; }

  // The size of a regular file, otherwise 0.
  uint64_t size() const {
    struct stat info;
    const bool known = fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
    return known ? static_cast<uint64_t>(info.st_size) : 0;
  }

 private:
  Result<size_t> ReadFromFile(char* data, size_t size) {
    for (;;) {
      const ssize_t got = read(fd_, data, size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemFailure("read", name_, errno);
      bytes_read_ += static_cast<uint64_t>(got);
      return static_cast<size_t>(got);
    }
  }

  const int fd_;
  const std::string name_;
  uint64_t bytes_read_ = 0;
  std::optional<char> first_;
};

bool HasExpired(const StoredEntry& entry, TimePoint now) {
  return entry.info.expires_at && *entry.info.expires_at <= now;
}

// Sets the entries that have not expired.
Status SetAll(Backend& backend, const Entries& block, TimePoint now) {
  std::vector<RawEntry> entries;
  for (const StoredEntry& entry : block) {
    if (HasExpired(entry, now)) continue;
    appcache::Ttl ttl = kNoTtl;
    if (entry.info.expires_at) {
      ttl = std::chrono::ceil<appcache::Ttl>(
          std::min<TimePoint::duration>(*entry.info.expires_at - now, kMaxTtl));
    }
    entries.push_back({entry.info.path, entry.value.view(), ttl});
  }
  return entries.empty() ? Status() : backend.SetManyRaw(entries);
}

// Loads the blocks that `next()` returns. `sqlite` is the cache if it is a
// SQLite file, otherwise null.
template <class Next>
Status LoadAll(Cache& cache, SqliteCache* sqlite, const Input& input,
               const Next& next, Loaded& loaded) {
  Progress progress("load", input.size());
  for (;;) {
    const Result<Entries> block = next();
    if (!block.ok()) return block.status();
    if (block->empty()) return Status();
    const TimePoint now = Clock::Wall()->Now();
    Status stored = sqlite != nullptr ? sqlite->RestoreMany(*block)
                                      : SetAll(*cache.backend(), *block, now);
    if (!stored.ok()) return stored;
    loaded.entries += block->size();
    loaded.expired += static_cast<uint64_t>(std::count_if(
        block->begin(), block->end(),
        [now](const StoredEntry& entry) { return HasExpired(entry, now); }));
    progress.Update(input.bytes_read());
  }
}

Status LoadInput(Cache& cache, SqliteCache* sqlite, Input& input,
                 Loaded& loaded) {
  const Result<std::optional<char>> first = input.First();
  if (!first.ok()) return first.status();
  const auto source = [&input](char* data, size_t size) {
    return input.Read(data, size);
  };
  if (*first && IsStartOfDumpLines(**first)) {
    DumpLinesReader reader(input.name(), source);
    return LoadAll(
        cache, sqlite, input, [&] { return reader.NextBlock(); }, loaded);
  }
  DumpReader reader(source);
  return LoadAll(
      cache, sqlite, input, [&] { return reader.NextBlock(); }, loaded);
}

// `status` with the number of entries that were loaded before the error.
Status AfterLoading(const Loaded& loaded, const Status& status) {
  if (loaded.entries == 0) return status;
  return Status(status.code(),
                status.message() + "; " + std::to_string(loaded.entries) +
                    " entries before it were loaded",
                status.error().native_code);
}

int PrintLoaded(const Loaded& loaded, bool json) {
  const uint64_t stored = loaded.entries - loaded.expired;
  if (json) {
    return PrintJson(Json{{"entries", stored}, {"expired", loaded.expired}});
  }
  std::string text = std::to_string(stored) + " entries loaded";
  if (loaded.expired > 0) {
    text += ", " + std::to_string(loaded.expired) + " expired ones skipped";
  }
  return Print(text + "\n");
}

}  // namespace

int Load(const LoadOptions& options) {
  const bool is_file = options.file != "-";
  UniqueFd file;
  if (is_file) {
    file = UniqueFd(open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) {
      return Fail(FileFailure("open", options.file, errno));
    }
  }
  Result<internal::Uri> location = LocationOf(options.cache);
  if (!location.ok()) return Fail(location.status());
  const bool is_sqlite = location->scheme == "sqlite";
  const auto cache =
      OpenLocation(*std::move(location), options.cache, IfMissing::kCreate);
  if (!cache.ok()) return Fail(cache.status());
  Input input(is_file ? file.get() : STDIN_FILENO,
              is_file ? Quoted(options.file) : "standard input");
  Loaded loaded;
  // The opener of "sqlite" returns a SqliteCache.
  const Status status = LoadInput(
      **cache, is_sqlite ? static_cast<SqliteCache*>(cache->get()) : nullptr,
      input, loaded);
  if (!status.ok()) return Fail(AfterLoading(loaded, status));
  return PrintLoaded(loaded, options.json);
}

}  // namespace appcache::command
