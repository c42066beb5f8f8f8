// Workload: the key paths of an adapter's benchmark, the order in which its
// operations use them, and the value that all of them store.

#ifndef APPCACHE_BENCH_FRAME_WORKLOAD_H_
#define APPCACHE_BENCH_FRAME_WORKLOAD_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace appcache::bench {

// Not thread-safe.
class Workload {
 public:
  // The paths of a batch.
  static constexpr size_t kBatch = 100;

  // Each path is `prefix` and a number of seven digits. REQUIRES: `keys` is a
  // multiple of kBatch and has no common divisor with kStride.
  Workload(const std::string& prefix, size_t keys, size_t value_bytes);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  std::span<const std::string> paths() const { return paths_; }
  const std::string& value() const { return value_; }

  // Goes round all paths, in steps of kStride.
  std::string_view NextPath() {
    const std::string& path = paths_[next_];
    next_ += step_;
    if (next_ >= paths_.size()) next_ -= paths_.size();
    return path;
  }

  // Goes round all paths, in their order.
  std::span<const std::string_view> NextBatch() {
    const auto batch = std::span(views_).subspan(next_in_batch_, kBatch);
    next_in_batch_ += kBatch;
    if (next_in_batch_ == views_.size()) next_in_batch_ = 0;
    return batch;
  }

 private:
  static constexpr size_t kStride = 7919;

  const std::string value_;
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  const size_t step_;
  size_t next_ = 0;
  size_t next_in_batch_ = 0;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_WORKLOAD_H_
