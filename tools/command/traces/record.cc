#include "tools/command/traces/record.h"

#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/record/recorder_file.h"
#include "engine/record/ring_reader.h"
#include "engine/record/ring_writer.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/output_file.h"
#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/io/signal_blocker.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"
#include "tools/command/traces/recorder_program.h"

namespace appcache::command {
namespace {

using internal::MachineMilliseconds;
using internal::RecorderFile;
using internal::RingReader;

// Why a recording ended.
enum class End {
  kRequests,
  kSeconds,
  kBytes,
  kKeys,
  kSignal,
  kProgram,
  kLease
};

const char* NameOf(End end) {
  static constexpr const char* kNames[] = {
      "requests", "seconds", "bytes", "keys", "signal", "program", "lease"};
  return kNames[static_cast<size_t>(end)];
}

Result<internal::RecordingParameters> DrawParameters(double sample) {
  internal::RecordingParameters parameters;
  std::array<uint64_t, 3> random;
  ssize_t size = 0;
  do {
    size = getrandom(random.data(), sizeof(random), 0);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof(random))) {
    return SystemFailure("read", "random numbers", size < 0 ? errno : EIO);
  }
  parameters.secret = {random[0], random[1]};
  parameters.seed = random[2];
  parameters.threshold = internal::ThresholdFor(sample);
  return parameters;
}

// Beside the output, or if that is a pipe or the like, where temporary files
// are.
std::string TemporaryDirectory(const std::string& output) {
  struct stat info;
  if (stat(output.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    std::error_code error;
    const auto directory = std::filesystem::temp_directory_path(error);
    return error ? "/tmp" : directory.string();
  }
  const auto parent = std::filesystem::path(output).parent_path();
  return parent.empty() ? "." : parent.string();
}

// Moves accesses from the ring to the recording.
class RingCollector {
 public:
  RingCollector(const RecordOptions& options, const RecorderFile& file,
                RingReader& reader, RecordedAccesses& recording)
      : options_(options),
        file_(file),
        reader_(reader),
        recording_(recording) {}

  Result<End> Run(SignalBlocker& signals);

  std::chrono::milliseconds duration() const noexcept { return duration_; }
  // The gets of all keys up to the last access that is in the recording.
  RingReader::Counts all() const noexcept { return all_; }
  // The accesses among them that were lost.
  uint64_t dropped() const noexcept { return dropped_; }

 private:
  // Takes what is in the ring, and returns the number.
  Result<size_t> Take(bool no_writers);
  // Brings all_ and dropped_ up to date. `added` of the accesses that were
  // taken are in the recording.
  void Count(size_t added);
  std::optional<End> LimitReached() const;
  // Waits for a signal at most this long; true: a signal that ends the command.
  static bool Pause(SignalBlocker& signals, std::chrono::milliseconds time);

  const RecordOptions& options_;
  const RecorderFile& file_;
  RingReader& reader_;
  RecordedAccesses& recording_;
  std::vector<internal::AccessRecord> taken_;
  const uint64_t start_ms_ = MachineMilliseconds();
  std::chrono::milliseconds duration_{0};
  RingReader::Counts all_;
  uint64_t dropped_ = 0;
  // Whether a limit has left accesses out of the recording.
  bool is_cut_ = false;
};

bool RingCollector::Pause(SignalBlocker& signals,
                          std::chrono::milliseconds time) {
  pollfd awaited{signals.fd(), POLLIN, 0};
  poll(&awaited, 1, static_cast<int>(time.count()));
  while (const auto signal = signals.TakePending()) {
    if (signal->number == SIGINT || signal->number == SIGTERM ||
        signal->number == SIGHUP || signal->number == SIGQUIT) {
      return true;
    }
  }
  return false;
}

std::optional<End> RingCollector::LimitReached() const {
  if (options_.requests && recording_.gets() >= *options_.requests) {
    return End::kRequests;
  }
  if (recording_.bytes() >= options_.max_bytes) return End::kBytes;
  if (recording_.keys() >= RecordedAccesses::kMaxKeys) return End::kKeys;
  return std::nullopt;
}

Result<size_t> RingCollector::Take(bool no_writers) {
  taken_.clear();
  Result<size_t> taken = reader_.Read(MachineMilliseconds(), no_writers,
                                      internal::kRecorderSlots, taken_);
  if (!taken.ok()) return taken;
  size_t added = 0;
  for (; added < taken_.size() && !LimitReached(); ++added) {
    Status status = recording_.Add(taken_[added]);
    if (!status.ok()) return status;
  }
  Count(added);
  return taken;
}

// Where a limit cuts what was taken, the program has counted the gets of the
// rest too. They are divided as what was taken is.
void RingCollector::Count(size_t added) {
  if (is_cut_) return;
  is_cut_ = added < taken_.size();
  dropped_ = reader_.dropped();
  const RingReader::Counts now = reader_.counts();
  if (!is_cut_) {
    all_ = now;
    return;
  }
  const double share =
      static_cast<double>(added) / static_cast<double>(taken_.size());
  const auto part = [&](uint64_t before, uint64_t after) {
    return before + static_cast<uint64_t>(std::llround(
                        share * static_cast<double>(after - before)));
  };
  all_ = {part(all_.gets, now.gets), part(all_.hits, now.hits)};
}

Result<End> RingCollector::Run(SignalBlocker& signals) {
  Progress progress("record", options_.requests.value_or(0));
  std::optional<End> end;
  while (!end) {
    const uint64_t now_ms = MachineMilliseconds();
    duration_ = std::chrono::milliseconds(now_ms - start_ms_);
    const bool has_lease = reader_.Renew(now_ms);
    // Asked for before the ring is read: what a program wrote last is taken.
    const bool has_program = file_.HasProgram();
    const Result<size_t> taken = Take(!has_program);
    if (!taken.ok()) return taken.status();
    progress.Update(recording_.gets());
    end = LimitReached();
    if (!end && options_.seconds &&
        duration_ >= std::chrono::seconds(*options_.seconds)) {
      end = End::kSeconds;
    }
    if (!end && !has_lease) end = End::kLease;
    if (!end && !has_program && *taken == 0) end = End::kProgram;
    // A ring that fills quickly is read again at once.
    const bool is_quick = *taken >= internal::kRecorderSlots / 4;
    if (!end && Pause(signals, std::chrono::milliseconds(is_quick ? 0 : 10))) {
      end = End::kSignal;
    }
  }
  // Whatever else has ended it, a program that had ended the session before has
  // recorded nothing since.
  if (!LimitReached() && !reader_.Renew(MachineMilliseconds())) {
    end = End::kLease;
  }
  reader_.Stop();
  const Result<size_t> rest = Take(!file_.HasProgram());
  if (!rest.ok()) return rest.status();
  return *end;
}

std::string FormatRatio(double ratio) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.2f%%", 100 * ratio);
  return text.data();
}

std::string Number(double number) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

std::string Counted(uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// What the command prints.
struct Outcome {
  End end;
  std::chrono::milliseconds duration;
  RingReader::Counts all;  // of all keys
  double all_hit_ratio;
  // How far the hit ratio of the recorded keys is from that of all: the
  // estimate of a sample, or what is known to be, whichever is more.
  double error;
  // How many gets fewer were recorded than is the share of the sample. The gets
  // that more or fewer than the average are recorded of are mostly those of a
  // few frequent keys, which hit in a cache of any size. So a replay is nearer
  // to the truth if they are added to its gets and to its hits (SHARDS:
  // Waldspurger and others, FAST 2015, section 3.3). None when accesses were
  // lost, which are of any keys.
  std::optional<int64_t> missing;
  uint64_t dropped;
};

Outcome Summarise(const RecordOptions& options,
                  const RecordedAccesses& recording,
                  const RingCollector& collector, End end) {
  Outcome outcome{end, collector.duration(), collector.all(),    0,
                  0,   std::nullopt,         collector.dropped()};
  if (outcome.dropped == 0) {
    // The counters include gets that were not recorded any more when the
    // recording ended.
    if (options.sample == 1) outcome.all = {recording.gets(), recording.hits()};
    outcome.missing =
        std::llround(static_cast<double>(outcome.all.gets) * options.sample) -
        static_cast<int64_t>(recording.gets());
  }
  if (outcome.all.gets == 0) return outcome;
  outcome.all_hit_ratio = static_cast<double>(outcome.all.hits) /
                          static_cast<double>(outcome.all.gets);
  if (recording.gets() > 0) {
    outcome.error =
        std::max(recording.HitRatioError(options.sample),
                 std::abs(recording.HitRatio() - outcome.all_hit_ratio));
  }
  return outcome;
}

// How to correct a replay of the sample.
std::string CorrectionOf(int64_t missing) {
  const std::string count = std::to_string(std::abs(missing));
  return missing < 0
             ? "The sample has too many gets of frequent keys: subtract " +
                   count + " from the\ngets and the hits of a replay.\n"
             : "The sample has too few gets of frequent keys: add " + count +
                   " to the gets\nand the hits of a replay.\n";
}

int PrintText(const RecordOptions& options, const RecordedAccesses& recording,
              const Outcome& outcome) {
  std::string text =
      "recorded   " + FormatDuration(outcome.duration) + ", " +
      FormatRatio(options.sample) + " of the keys\n" +  //
      "requests   " + Counted(recording.gets(), "get") + ", " +
      Counted(recording.sets(), "set") + ", " +
      Counted(recording.invalidations(), "invalidation") + "\n" +  //
      "keys       " + std::to_string(recording.keys()) + "\n" +    //
      "dropped    " + std::to_string(outcome.dropped) + "\n";
  if (outcome.all.gets > 0) {
    text += "hit ratio  " + FormatRatio(outcome.all_hit_ratio) + " of all " +
            Counted(outcome.all.gets, "get") + " of the program\n";
  }
  if (recording.gets() > 0) {
    text += "           " + FormatRatio(recording.HitRatio()) + " +- " +
            FormatRatio(outcome.error) + " of the recorded gets\n";
  }
  if (options.sample < 1) {
    const double share = options.sample;
    text += "\n";
    if (outcome.missing) text += CorrectionOf(*outcome.missing);
    text += "A cache of N entries in the program is one of N * " +
            Number(share) + " in a replay:\n  appcache replay " +
            Escape(options.output) + " --max-entries N*" + Number(share) + "\n";
  }
  return Print(text);
}

int PrintJsonOf(const RecordOptions& options, const RecordedAccesses& recording,
                const Outcome& outcome) {
  nlohmann::ordered_json missing;
  if (outcome.missing) missing = *outcome.missing;
  return PrintJson(
      nlohmann::ordered_json{{"duration_ms", Milliseconds(outcome.duration)},
                             {"ended_by", NameOf(outcome.end)},
                             {"sample", options.sample},
                             {"gets", recording.gets()},
                             {"hits", recording.hits()},
                             {"sets", recording.sets()},
                             {"invalidations", recording.invalidations()},
                             {"keys", recording.keys()},
                             {"dropped", outcome.dropped},
                             {"hit_percent", 100 * recording.HitRatio()},
                             {"hit_percent_error", 100 * outcome.error},
                             {"missing_gets", missing},
                             {"all_gets", outcome.all.gets},
                             {"all_hits", outcome.all.hits},
                             {"all_hit_percent", 100 * outcome.all_hit_ratio}});
}

void WarnOf(const Outcome& outcome) {
  const End end = outcome.end;
  if (end == End::kLease) {
    Warn(
        "this command was stopped for seconds, so the program has ended the "
        "recording");
  }
  if (end == End::kBytes) Warn("the recording has reached --max-size");
  if (end == End::kKeys) {
    Warn(
        "the recording has the most keys that it can have: use a smaller "
        "--sample");
  }
  if (outcome.dropped > 0) {
    Warn("the program was faster than this command, which lost " +
         std::to_string(outcome.dropped) + " accesses: use a smaller --sample");
  }
}

// Whether the trace would replace the recorder file. Follows links.
bool IsSameFile(const std::string& recorder, const std::string& output) {
  struct stat first;
  struct stat second;
  return stat(recorder.c_str(), &first) == 0 &&
         stat(output.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

int Record(const RecordOptions& options) {
  if (IsSameFile(options.recorder, options.output)) {
    return FailUsage(
        "record: RECORDER and TRACE are the same file; name another TRACE");
  }
  SignalBlocker signals;
  const Result<RecorderFile> file = RecorderFile::Attach(options.recorder);
  if (!file.ok()) return Fail(file.status());
  if (!file->HasProgram()) return Fail(NoProgram(options.recorder));
  Result<OutputFile> output = OutputFile::Open(options.output);
  if (!output.ok()) return Fail(output.status());
  Result<RecordedAccesses> recording =
      RecordedAccesses::Create(TemporaryDirectory(options.output));
  if (!recording.ok()) return Fail(recording.status());
  const auto parameters = DrawParameters(options.sample);
  if (!parameters.ok()) return Fail(parameters.status());

  RingReader reader(file->layout());
  const Status started = reader.Start(*parameters, MachineMilliseconds());
  if (!started.ok()) return Fail(started);
  Note("recording; Ctrl-C ends it");
  RingCollector collector(options, *file, reader, *recording);
  const Result<End> end = collector.Run(signals);
  if (!end.ok()) return Fail(end.status());

  Status written = recording->WriteTo(*output, options.format);
  if (written.ok()) written = output->Commit();
  if (!written.ok()) return Fail(written);
  const Outcome outcome = Summarise(options, *recording, collector, *end);
  WarnOf(outcome);
  return options.json ? PrintJsonOf(options, *recording, outcome)
                      : PrintText(options, *recording, outcome);
}

}  // namespace appcache::command
