// HeldCall: a call in a thread of its own that waits at a named point
// (engine/support/test_point.h) while the test does something else.

#ifndef APPCACHE_TESTS_ENGINE_HELD_CALL_H_
#define APPCACHE_TESTS_ENGINE_HELD_CALL_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "engine/support/test_point.h"

namespace appcache {

// Holds the one thread that passes it. Points of other threads do nothing.
class PointGate {
 public:
  PointGate() = default;
  PointGate(const PointGate&) = delete;
  PointGate& operator=(const PointGate&) = delete;

  // Runs `call` on the calling thread, which waits at points.
  template <class Call>
  void Pass(Call& call) {
    internal::test_point_handler = [](const char* point) noexcept {
      if (of_this_thread_ != nullptr) of_this_thread_->Reach(point);
    };
    of_this_thread_ = this;
    call();
    of_this_thread_ = nullptr;
    const std::lock_guard<std::mutex> guard(mutex_);
    has_passed_ = true;
    changed_.notify_all();
  }

  // Lets the thread run until it reaches the point for the `times`-th time;
  // without one, to its end.
  void Open(std::string_view point = "", int times = 1) {
    const std::lock_guard<std::mutex> guard(mutex_);
    point_ = point;
    times_ = times;
    is_held_ = false;
    changed_.notify_all();
  }
  // Returns when the thread waits there, or, and then false, at its end.
  bool WaitUntilHeld() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_held_ || has_passed_; });
    return is_held_;
  }

 private:
  void Reach(std::string_view point) noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    if (point != point_ || --times_ > 0) return;
    is_held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_held_; });
  }

  static inline constinit thread_local PointGate* of_this_thread_ = nullptr;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_.
  std::string point_;
  int times_ = 0;
  bool is_held_ = false;
  bool has_passed_ = false;
};

template <class Call>
class HeldCall {
 public:
  using Value = std::invoke_result_t<Call&>;

  // Returns when a new thread that runs `call` has reached the point for the
  // `times`-th time, and waits there. It is a failure if it does not.
  HeldCall(std::string_view point, Call call, int times = 1)
      : call_(std::move(call)) {
    gate_.Open(point, times);
    thread_ = std::thread([this] {
      const auto run = [this] { value_.emplace(call_()); };
      gate_.Pass(run);
    });
    ExpectHeld(point);
  }
  ~HeldCall() {
    if (thread_.joinable()) (void)Finish();
  }
  HeldCall(const HeldCall&) = delete;
  HeldCall& operator=(const HeldCall&) = delete;

  // Lets it run to a later point.
  void RunTo(std::string_view point, int times = 1) {
    gate_.Open(point, times);
    ExpectHeld(point);
  }

  // Lets it run to its end. Returns its result.
  Value Finish() {
    gate_.Open();
    thread_.join();
    return *std::move(value_);
  }

 private:
  void ExpectHeld(std::string_view point) {
    EXPECT_TRUE(gate_.WaitUntilHeld()) << "did not reach " << point;
  }

  Call call_;
  PointGate gate_;
  std::optional<Value> value_;
  std::thread thread_;
};

// Holds the background threads that reach a point until Release. Outlives the
// cache that has these threads. One at a time.
class HeldBackground {
 public:
  explicit HeldBackground(std::string_view point) : point_(point) {
    instance_ = this;
    internal::test_point_handler = [](const char* reached) noexcept {
      instance_->Reach(reached);
    };
  }
  ~HeldBackground() { internal::test_point_handler = nullptr; }
  HeldBackground(const HeldBackground&) = delete;
  HeldBackground& operator=(const HeldBackground&) = delete;

  void WaitUntilHeld() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_held_; });
  }
  void Release() {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_released_ = true;
    changed_.notify_all();
  }

 private:
  void Reach(std::string_view point) noexcept {
    if (point != point_) return;
    std::unique_lock<std::mutex> lock(mutex_);
    is_held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_released_; });
  }

  static inline HeldBackground* instance_ = nullptr;

  const std::string point_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;      // guarded by mutex_
  bool is_released_ = false;  // guarded by mutex_
};

// Whether a call reaches the point. It is not held.
template <class Call>
bool Reaches(std::string_view point, Call call) {
  PointGate gate;
  gate.Open(point);
  std::thread thread([&] { gate.Pass(call); });
  const bool is_held = gate.WaitUntilHeld();
  gate.Open();
  thread.join();
  return is_held;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_HELD_CALL_H_
