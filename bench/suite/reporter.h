// Reporter: the reports of Google Benchmark under the names of the cases.

#ifndef APPCACHE_BENCH_SUITE_REPORTER_H_
#define APPCACHE_BENCH_SUITE_REPORTER_H_

#include <benchmark/benchmark.h>

#include <memory>
#include <utility>
#include <vector>

namespace appcache::bench {

// Passes everything on to another reporter, and leaves out the
// "/process_time/real_time" that Google Benchmark puts into each name.
// Remembers whether a case failed.
class Reporter final : public benchmark::BenchmarkReporter {
 public:
  // `passes_stream`: `to` writes to the stream of this reporter.
  Reporter(std::unique_ptr<BenchmarkReporter> to, bool passes_stream)
      : to_(std::move(to)), passes_stream_(passes_stream) {}

  bool ReportContext(const Context& context) override {
    if (passes_stream_) to_->SetOutputStream(&GetOutputStream());
    return to_->ReportContext(context);
  }

  void ReportRuns(const std::vector<Run>& report) override {
    std::vector<Run> runs = report;
    for (Run& run : runs) {
      run.run_name.time_type.clear();
      has_failed_ |= run.error_occurred;
    }
    to_->ReportRuns(runs);
  }

  void Finalize() override { to_->Finalize(); }

  bool has_failed() const { return has_failed_; }

 private:
  const std::unique_ptr<BenchmarkReporter> to_;
  const bool passes_stream_;
  bool has_failed_ = false;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_REPORTER_H_
