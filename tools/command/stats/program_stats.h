// ProgramStats: asks a running program for the statistics of its caches.

#ifndef APPCACHE_TOOLS_COMMAND_STATS_PROGRAM_STATS_H_
#define APPCACHE_TOOLS_COMMAND_STATS_PROGRAM_STATS_H_

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "appcache/error.h"
#include "engine/record/recorder_file.h"
#include "engine/record/stats_question.h"
#include "tools/command/stats/stats_sample.h"

namespace appcache::command {

class ProgramStats {
 public:
  static constexpr std::chrono::milliseconds kDefaultTimeout{2000};

  // Of the program that made the recorder file `recorder`.
  ProgramStats(std::string recorder, std::chrono::milliseconds timeout)
      : recorder_(std::move(recorder)), timeout_(timeout) {}

  // Waits for some milliseconds; false ends the waiting.
  using Pause = std::function<bool()>;

  // A sample of each cache that has the recorder, in the order of the file.
  // Waits until all have answered, or for the timeout: `answer` of a sample is
  // kTimeout when its cache was not accessed by then, and kCorrupt when the
  // file is damaged.
  //
  // Errors: kUnavailable when the program has exited, or has no cache with the
  // recorder, or when `pause` returned false; those of
  // RecorderFile::Attach. The file is opened each time, so the samples go on
  // when the program is restarted.
  Result<std::vector<CacheSample>> Take(const Pause& pause);

 private:
  Result<std::vector<CacheSample>> SamplesOf(
      const internal::RecorderFile& file,
      const std::vector<internal::CacheAnswer>& answers,
      std::chrono::steady_clock::time_point asked) const;

  const std::string recorder_;
  const std::chrono::milliseconds timeout_;
  bool has_warned_ = false;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_STATS_PROGRAM_STATS_H_
