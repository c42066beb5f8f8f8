#include "tools/command/stats/program_stats.h"

#include <set>
#include <utility>

#include "engine/record/ring_writer.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"
#include "tools/command/traces/recorder_program.h"

namespace appcache::command {
namespace {

using internal::CacheAnswer;
using internal::RecorderFile;
using std::chrono::steady_clock;

std::string ProcessOf(const RecorderFile& file) {
  return "process " + std::to_string(file.layout().header.program.load());
}

Status NoCache(const RecorderFile& file) {
  return Status(ErrorCode::kUnavailable,
                ProcessOf(file) +
                    " has no cache with this recorder; set "
                    "CacheOptions::recorder");
}

Status NoAccess(uint64_t process, std::chrono::nanoseconds timeout) {
  const auto nanoseconds = static_cast<uint64_t>(timeout.count());
  return Status(ErrorCode::kTimeout, "process " + std::to_string(process) +
                                         " has not accessed the cache for " +
                                         FormatNanoseconds(nanoseconds) +
                                         "; try a longer --timeout");
}

// A metric has one value for each label, so caches need different ones. Caches
// of the same name and prefix are numbered in the order of their slots.
std::string LabelOf(const internal::CacheNames& names,
                    std::set<std::string>& taken) {
  const std::string base = names.location + ", prefix " + names.prefix;
  std::string label = base;
  for (size_t i = 2; !taken.insert(label).second; ++i) {
    label = base + ", " + std::to_string(i);
  }
  return label;
}

}  // namespace

Result<std::vector<CacheSample>> ProgramStats::Take(const Pause& pause) {
  const Result<RecorderFile> file =
      RecorderFile::Attach(recorder_, RecorderFile::Use::kAsk);
  if (!file.ok()) return file.status();
  internal::StatsQuestion question(file->layout());
  const auto asked = steady_clock::now();
  std::vector<CacheAnswer> answers;
  for (;;) {
    // Looked at before the answers: what a program answered last is taken.
    const bool has_program = file->HasProgram();
    const bool is_late = steady_clock::now() - asked >= timeout_;
    question.Ask(internal::MachineMilliseconds());
    answers = question.Answers();
    if (internal::HaveAllAnswered(answers)) break;
    if (!has_program) return NoProgram(recorder_);
    if (is_late) break;
    if (!pause()) {
      return Status(ErrorCode::kUnavailable, "interrupted by a signal");
    }
  }
  const uint64_t unlisted = question.unlisted();
  if (unlisted > 0 && !std::exchange(has_warned_, true)) {
    Warn(ProcessOf(*file) + " has more caches than a recorder file can list; " +
         std::to_string(unlisted) + " are not shown");
  }
  return SamplesOf(*file, answers, asked);
}

Result<std::vector<CacheSample>> ProgramStats::SamplesOf(
    const RecorderFile& file, const std::vector<CacheAnswer>& answers,
    steady_clock::time_point asked) const {
  std::vector<CacheSample> samples;
  std::set<std::string> labels;
  for (const CacheAnswer& answer : answers) {
    // Changed by its process at that moment, and without readable names.
    if (answer.status.Is(ErrorCode::kBusy)) continue;
    CacheSample cache;
    cache.kind = "this cache";
    cache.traits.name = answer.names.backend;
    cache.traits.location = answer.names.location;
    StatsSample& sample = cache.sample;
    sample.program = {answer.names.prefix, LabelOf(answer.names, labels)};
    sample.taken = steady_clock::now();
    sample.round_trip = sample.taken - asked;
    sample.answer = answer.status;
    if (answer.status.ok() && !answer.has_answered) {
      sample.answer = NoAccess(answer.owner, timeout_);
    }
    sample.stats = answer.stats;
    samples.push_back(std::move(cache));
  }
  if (samples.empty()) return NoCache(file);
  return samples;
}

}  // namespace appcache::command
