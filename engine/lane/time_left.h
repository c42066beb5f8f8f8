// TimeLeft: the rest of the time limit of a call that waits several times.

#ifndef APPCACHE_ENGINE_LANE_TIME_LEFT_H_
#define APPCACHE_ENGINE_LANE_TIME_LEFT_H_

#include <algorithm>
#include <chrono>

namespace appcache::internal {

class TimeLeft {
 public:
  explicit TimeLeft(std::chrono::milliseconds max_wait) noexcept
      : deadline_(Clock::now() + max_wait) {}

  std::chrono::steady_clock::time_point deadline() const noexcept {
    return deadline_;
  }

  // The remaining time, rounded up; zero when the limit has passed.
  std::chrono::milliseconds Get() const noexcept {
    using std::chrono::milliseconds;
    return std::max(std::chrono::ceil<milliseconds>(deadline_ - Clock::now()),
                    milliseconds(0));
  }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point deadline_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LANE_TIME_LEFT_H_
