#include "tools/command/transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "appcache/clock.h"
#include "tools/command/dump_format.h"
#include "tools/command/exit_status.h"
#include "tools/command/fd.h"
#include "tools/command/output_file.h"
#include "tools/command/progress.h"
#include "tools/command/report.h"
#include "tools/command/signal_blocker.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

Status WriteOut(std::string_view bytes) {
  const int error = WriteAll(STDOUT_FILENO, bytes);
  if (error == 0) return Status();
  return SystemFailure("write to", "standard output", error);
}

// Writes all entries to `writer`.
Status DumpAll(SqliteCache& cache, DumpWriter& writer) {
  Progress progress("dump", cache.Stats().entries.value_or(0));
  Status written;
  Status visited = cache.ForEachEntry([&](const StoredEntry& entry) {
    written = writer.Add(entry);
    progress.Update(writer.entries());
    return written.ok();
  });
  if (!written.ok()) return written;
  if (!visited.ok()) return visited;
  return writer.Finish();
}

// kInvalidArgument if a dump to `file` would replace the cache, or a file that
// belongs to it.
Status CheckTarget(SqliteCache& cache, const std::string& file) {
  constexpr std::string_view kSuffixes[] = {
      "", "-wal", "-shm", "-journal", "-lane", "-suspect", "-exec"};
  std::error_code error;
  // The path of a file that does not exist would stay relative.
  auto target = std::filesystem::absolute(file, error);
  if (!error) target = std::filesystem::weakly_canonical(target, error);
  const std::string location = cache.backend()->Traits().location;
  for (const std::string_view suffix : kSuffixes) {
    if (error || target != location + std::string(suffix)) continue;
    return Status(ErrorCode::kInvalidArgument,
                  "cannot write the dump to " + Quoted(file) +
                      ": it is a file of the cache; choose another");
  }
  return Status();
}

int DumpToFile(SqliteCache& cache, const DumpOptions& options,
               SignalBlocker& signals) {
  const Status valid = CheckTarget(cache, options.file);
  if (!valid.ok()) return Fail(valid);
  Result<OutputFile> file = OutputFile::Open(options.file);
  if (!file.ok()) return Fail(file.status());
  std::optional<int> interrupted;
  DumpWriter writer([&](std::string_view bytes) {
    if (const auto signal = signals.TakePending()) {
      interrupted = signal->number;
      return Status(ErrorCode::kUnavailable, "the dump was interrupted");
    }
    return file->Write(bytes);
  });
  Status status = DumpAll(cache, writer);
  if (status.ok()) status = file->Commit();
  if (!status.ok()) {
    // Removes the temporary file before a signal ends the process.
    const OutputFile removed(*std::move(file));
    const int failed = Fail(status);
    if (!interrupted) return failed;
  }
  if (interrupted) {
    signals.RaiseUnblocked(*interrupted);
    return kFailure;
  }
  if (options.json) return PrintJson(Json{{"entries", writer.entries()}});
  return Print(std::to_string(writer.entries()) + " entries dumped\n");
}

int DumpToStandardOutput(SqliteCache& cache, const DumpOptions& options) {
  if (options.json) {
    return FailUsage(
        "dump: --json needs a FILE, because the dump itself goes to standard "
        "output");
  }
  if (isatty(STDOUT_FILENO)) {
    return FailUsage(
        "dump: not written to a terminal, because a dump is binary; name a "
        "FILE or redirect standard output");
  }
  DumpWriter writer(WriteOut);
  const Status status = DumpAll(cache, writer);
  return status.ok() ? kDone : Fail(status);
}

struct LoadProgress {
  uint64_t entries = 0;  // of the blocks that were loaded
  uint64_t expired = 0;  // of these, skipped because they have expired
};

Status LoadAll(SqliteCache& cache, DumpReader& reader, uint64_t total,
               LoadProgress& loaded) {
  Progress progress("load", total);
  for (;;) {
    const Result<std::vector<StoredEntry>> block = reader.NextBlock();
    if (!block.ok()) return block.status();
    if (block->empty()) return Status();
    const TimePoint now = Clock::Wall()->Now();
    for (const StoredEntry& entry : *block) {
      const auto& expires_at = entry.info.expires_at;
      loaded.expired += expires_at && *expires_at <= now ? 1 : 0;
    }
    Status stored = cache.RestoreMany(*block);
    if (!stored.ok()) return stored;
    loaded.entries += block->size();
    progress.Update(reader.bytes());
  }
}

// `status` with the number of entries that were loaded before the error.
Status AfterLoading(const LoadProgress& loaded, const Status& status) {
  if (loaded.entries == 0) return status;
  return Status(status.code(),
                status.message() + "; " + std::to_string(loaded.entries) +
                    " entries before it were loaded",
                status.error().native_code);
}

// The size of a regular file, otherwise 0.
uint64_t SizeOf(int fd) {
  struct stat info;
  const bool known = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return known ? static_cast<uint64_t>(info.st_size) : 0;
}

DumpReader::Source ReadFrom(int fd, const std::string& name) {
  return [fd, name](char* data, size_t size) -> Result<size_t> {
    for (;;) {
      const ssize_t got = read(fd, data, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return SystemFailure("read", name, errno);
    }
  };
}

}  // namespace

int Dump(const DumpOptions& options) {
  SignalBlocker signals;  // before the cache, which may start threads
  const auto cache = OpenSqliteCacheToRead(options.cache, "list its entries");
  if (!cache.ok()) return Fail(cache.status());
  if (options.file != "-") return DumpToFile(**cache, options, signals);
  signals.Unblock();
  return DumpToStandardOutput(**cache, options);
}

int Load(const LoadOptions& options) {
  const bool is_file = options.file != "-";
  UniqueFd file;
  if (is_file) {
    file = UniqueFd(open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) {
      return Fail(FileFailure("open", options.file, errno));
    }
  }
  const int fd = is_file ? file.get() : STDIN_FILENO;
  const auto cache =
      OpenSqliteCache(options.cache, IfMissing::kCreate, "load a dump");
  if (!cache.ok()) return Fail(cache.status());
  DumpReader reader(
      ReadFrom(fd, is_file ? Quoted(options.file) : "standard input"));
  LoadProgress loaded;
  const Status status = LoadAll(**cache, reader, SizeOf(fd), loaded);
  if (!status.ok()) return Fail(AfterLoading(loaded, status));
  if (options.json) {
    return PrintJson(
        Json{{"entries", loaded.entries}, {"ended", loaded.expired}});
  }
  std::string text =
      std::to_string(loaded.entries - loaded.expired) + " entries loaded";
  if (loaded.expired > 0) {
    text += ", " + std::to_string(loaded.expired) + " expired ones skipped";
  }
  return Print(text + "\n");
}

}  // namespace appcache::command
