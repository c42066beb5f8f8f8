// appcache dump.

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "appcache/clock.h"
#include "tools/command/cache/location.h"
#include "tools/command/dump/dump_format.h"
#include "tools/command/dump/dump_lines.h"
#include "tools/command/dump/transfer.h"
#include "tools/command/entries/selection.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/output_file.h"
#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/io/signal_blocker.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using Sink = std::function<Status(std::string_view bytes)>;

Status WriteToOutput(std::string_view bytes) {
  const int error = WriteAll(STDOUT_FILENO, bytes);
  if (error == 0) return Status();
  return SystemFailure("write to", "standard output", error);
}

// The same for text. On a terminal, invisible characters are escaped.
Status WriteTextToOutput(std::string_view text) {
  return isatty(STDOUT_FILENO) == 0 ? WriteToOutput(text)
                                    : WriteToOutput(PrintableJson(text));
}

// The entry for the binary format, in which each has a last access. `now` is
// that of an entry whose last access is unknown.
StoredEntry ToStored(const WalkedEntry& entry, TimePoint now) {
  const EntryInfo info{std::string(entry.path),
                       entry.path.size() + entry.value_bytes,
                       entry.last_access.value_or(now), entry.expires_at};
  return {info, Bytes::Copy(entry.value)};
}

// Writes all entries by `add(entry)`. Sets `entries` to their number.
template <class Add>
Status WalkAll(Cache& cache, uint64_t& entries, const Add& add) {
  Progress progress("dump", cache.Stats().entries.value_or(0));
  Status written;
  Status walked = cache.backend()->WalkRaw({"", /*with_values=*/true},
                                           [&](const WalkedEntry& entry) {
                                             written = add(entry);
                                             progress.Update(++entries);
                                             return written.ok();
                                           });
  return written.ok() ? walked : written;
}

// Completes the dump also if damaged entries were left out. That is then the
// error: see IsComplete.
template <class Writer>
Status Finish(Writer& writer, const Status& walked) {
  if (!walked.ok() && !HasOnlyLeftOutDamaged(walked)) return walked;
  Status finished = writer.Finish();
  return finished.ok() ? walked : finished;
}

bool IsComplete(const Status& dumped) {
  return dumped.ok() || HasOnlyLeftOutDamaged(dumped);
}

// Writes all entries to `sink`. Sets `entries` to their number.
Status DumpAll(Cache& cache, DumpFormat format, Sink sink, uint64_t& entries) {
  entries = 0;
  if (format == DumpFormat::kLines) {
    DumpLinesWriter writer(std::move(sink));
    Status status = WalkAll(cache, entries, [&](const WalkedEntry& entry) {
      return writer.Add(entry);
    });
    return Finish(writer, status);
  }
  DumpWriter writer(std::move(sink));
  const TimePoint now = Clock::Wall()->Now();
  Status status = WalkAll(cache, entries, [&](const WalkedEntry& entry) {
    return writer.Add(ToStored(entry, now));
  });
  return Finish(writer, status);
}

// The files of a cache, absolute.
std::vector<std::string> FilesOf(const internal::Uri& storage) {
  if (!IsInFile(storage)) return {};
  std::error_code error;
  auto path = std::filesystem::absolute(storage.path, error);
  if (!error) path = std::filesystem::weakly_canonical(path, error);
  std::vector<std::string> files;
  if (error) return files;
  const bool is_directory = storage.scheme == "lmdb";
  const std::vector<const char*> ends =
      is_directory
          ? std::vector<const char*>{"/data.mdb", "/lock.mdb", "/appcache.lane"}
          : std::vector<const char*>{"",      "-wal",     "-shm", "-journal",
                                     "-lane", "-suspect", "-exec"};
  for (const char* const end : ends) files.push_back(path.string() + end);
  return files;
}

// kInvalidArgument if a dump to `file` would replace a file of the cache.
Status CheckTarget(const internal::Uri& storage, const std::string& file) {
  std::error_code error;
  // The path of a file that does not exist would stay relative.
  auto target = std::filesystem::absolute(file, error);
  if (!error) target = std::filesystem::weakly_canonical(target, error);
  for (const std::string& own : FilesOf(storage)) {
    if (error || target != own) continue;
    return Status(ErrorCode::kInvalidArgument,
                  "cannot write the dump to " + Quoted(file) +
                      ": it is a file of the cache; choose another");
  }
  return Status();
}

int DumpToFile(Cache& cache, const DumpOptions& options,
               SignalBlocker& signals) {
  Result<OutputFile> file = OutputFile::Open(options.file);
  if (!file.ok()) return Fail(file.status());
  std::optional<int> interrupted;
  const auto write = [&](std::string_view bytes) {
    if (const auto signal = signals.TakePending()) {
      interrupted = signal->number;
      return Status(ErrorCode::kUnavailable, "the dump was interrupted");
    }
    return file->Write(bytes);
  };
  uint64_t entries = 0;
  const Status dumped = DumpAll(cache, options.format, write, entries);
  const Status status = IsComplete(dumped) ? file->Commit() : dumped;
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
  const int printed =
      options.json ? PrintJson(Json{{"entries", entries}})
                   : Print(std::to_string(entries) + " entries dumped\n");
  return dumped.ok() ? printed : Fail(dumped);
}

int DumpToStandardOutput(Cache& cache, const DumpOptions& options) {
  if (options.json) {
    return FailUsage(
        "dump: --json needs a FILE, because the dump itself goes to standard "
        "output");
  }
  const bool is_text = options.format == DumpFormat::kLines;
  if (!is_text && isatty(STDOUT_FILENO)) {
    return FailUsage(
        "dump: not written to a terminal, because a dump is binary; name a "
        "FILE, redirect standard output, or use --format jsonl");
  }
  uint64_t entries = 0;
  const Status status =
      DumpAll(cache, options.format,
              is_text ? WriteTextToOutput : WriteToOutput, entries);
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

int Dump(const DumpOptions& options) {
  SignalBlocker signals;  // before the cache, which may start threads
  Result<internal::Uri> location = LocationOf(options.cache);
  if (!location.ok()) return Fail(location.status());
  const auto cache = OpenLocationToRead(*location, options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const Status listed = CheckCanList(options.cache, **cache);
  if (!listed.ok()) return Fail(listed);
  if (options.file == "-") {
    signals.Unblock();
    return DumpToStandardOutput(**cache, options);
  }
  const Status valid = CheckTarget(StorageOf(*location), options.file);
  if (!valid.ok()) return Fail(valid);
  return DumpToFile(**cache, options, signals);
}

}  // namespace appcache::command
