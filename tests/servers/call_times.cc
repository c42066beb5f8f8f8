#include "tests/servers/call_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Duration = CallTimes::Duration;

// How late the median of the calls that timed out may be, with a short timeout.
// (With 16 threads on 2 processors, calls with a timeout of 50 ms were 6 ms
// late.)
constexpr milliseconds kMedianLateness{20};

double InMs(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Zero if there are no times.
Duration Percentile(std::vector<Duration> times, size_t percent) {
  if (times.empty()) return Duration::zero();
  const size_t place = (times.size() - 1) * percent / 100;
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

}  // namespace

void CallTimes::Add(Duration took, Duration waited, bool timed_out) {
  all_.push_back(took - waited);
  if (!timed_out) return;
  timed_out_.push_back(took - waited);
  EXPECT_GE(took, timeout_) << "timed out before its timeout";
}

void CallTimes::Add(const CallTimes& others) {
  all_.insert(all_.end(), others.all_.begin(), others.all_.end());
  timed_out_.insert(timed_out_.end(), others.timed_out_.begin(),
                    others.timed_out_.end());
}

void CallTimes::Print() const {
  std::cout << "calls: " << all_.size() << ", with a timeout of "
            << timeout_.count()
            << " ms; 99th percentile: " << InMs(Percentile(all_, 99))
            << " ms, longest: " << InMs(Percentile(all_, 100))
            << " ms; timed out: " << timed_out_.size()
            << ", median of these: " << InMs(Percentile(timed_out_, 50))
            << " ms" << std::endl;
}

bool CallTimes::MostAreInTime() const {
  const Duration in_time = timeout_ + std::max(timeout_ / 10, kMedianLateness);
  return !timed_out_.empty() && Percentile(timed_out_, 50) <= in_time;
}

void CallTimes::ExpectNoneHangs() const {
  EXPECT_LE(Percentile(all_, 100), timeout_ + kCallPatience);
}

void ExpectMostInTime(const std::function<CallTimes()>& round,
                      std::chrono::seconds patience) {
  const auto until = steady_clock::now() + patience;
  for (;;) {
    const CallTimes times = round();
    times.Print();
    times.ExpectNoneHangs();
    if (times.MostAreInTime()) return;
    if (testing::Test::HasFailure()) return;
    if (steady_clock::now() >= until) break;
  }
  ADD_FAILURE() << "no call timed out, or most that did were late";
}

std::chrono::nanoseconds TimeWithoutProcessor() {
  // Time on a processor, and time of waiting for one, in nanoseconds.
  std::ifstream file("/proc/thread-self/schedstat");
  uint64_t ran = 0;
  uint64_t waited = 0;
  file >> ran >> waited;
  return std::chrono::nanoseconds(file ? waited : 0);
}

void ExpectInTime(milliseconds timeout, const std::function<void()>& call) {
  ExpectInTime(
      timeout, [] {}, call);
}

void ExpectInTime(milliseconds timeout, const std::function<void()>& prepare,
                  const std::function<void()>& call) {
  const auto until = steady_clock::now() + kCallPatience;
  Duration fastest = Duration::max();
  do {
    prepare();
    const auto begin = steady_clock::now();
    call();
    fastest = std::min<Duration>(fastest, steady_clock::now() - begin);
  } while (fastest > timeout * 11 / 10 && steady_clock::now() < until);
  EXPECT_LE(InMs(fastest), InMs(timeout * 11 / 10));
}

void ExpectTimesOut(milliseconds timeout, const std::function<Status()>& call) {
  const auto until = steady_clock::now() + kCallPatience;
  Duration fastest = Duration::max();
  do {
    const auto begin = steady_clock::now();
    const Status status = call();
    const Duration took = steady_clock::now() - begin;
    EXPECT_TRUE(status.Is(ErrorCode::kTimeout)) << status.ToString();
    EXPECT_NE(status.ToString().find("in time"), std::string::npos)
        << status.ToString();
    EXPECT_GE(took, timeout);
    fastest = std::min(fastest, took);
  } while (fastest > timeout * 13 / 10 && steady_clock::now() < until);
  EXPECT_LE(InMs(fastest), InMs(timeout * 13 / 10));
}

Status UntilInTime(const std::function<Status()>& call) {
  const auto until = steady_clock::now() + kCallPatience;
  for (;;) {
    Status status = call();
    if (!status.Is(ErrorCode::kTimeout)) return status;
    if (steady_clock::now() > until) return status;
  }
}

}  // namespace appcache
