// RequestTimes: how many requests there were up to a tick of the past.
//
// Ticks are times, and requests come in bursts: the age of an access in
// requests cannot be computed from its age in ticks. This keeps some points
// (tick, number of requests), near each other for the recent past and farther
// apart the older they are, and interpolates between them.

#ifndef APPCACHE_ENGINE_POLICY_REQUEST_TIMES_H_
#define APPCACHE_ENGINE_POLICY_REQUEST_TIMES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace appcache::policy {

// Not thread-safe. Allocates in the constructor only: 32 KiB.
class RequestTimes {
 public:
  struct Point {
    int64_t tick;
    double requests;
  };

  // There was no request before `tick`. Adjacent points are at least `step`
  // requests apart. Throws std::bad_alloc.
  RequestTimes(int64_t tick, double step);

  // Takes the point, unless it is less than a step after the last one.
  // REQUIRES: requests are not less than those of the last point.
  void Append(const Point& point) noexcept;

  // The number of requests up to `tick`. `now` is the latest point, which need
  // not have been appended.
  double RequestsAt(int64_t tick, const Point& now) const noexcept;

  size_t size() const noexcept { return points_.size(); }

 private:
  static constexpr size_t kMost = 2048;
  // Points are at most this share of their age apart from the next one.
  static constexpr double kSpacing = 1.0 / 64;

  // Drops points that are nearer to their neighbours than their age requires.
  void Thin() noexcept;

  const double step_;
  std::vector<Point> points_;  // ascending
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_REQUEST_TIMES_H_
