// FlushTurn: one flush at a time, and a time limit for those who wait.

#ifndef APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
#define APPCACHE_ENGINE_LRU_FLUSH_TURN_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace appcache::lru {

// Thread-safe.
class FlushTurn {
 public:
  // The turn is this thread's until the object is destroyed.
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (turn_ != nullptr) turn_->Leave();
    }
    explicit operator bool() const noexcept { return turn_ != nullptr; }

   private:
    friend class FlushTurn;
    explicit Held(FlushTurn* turn) noexcept : turn_(turn) {}
    FlushTurn* turn_ = nullptr;
  };

  // Waits. Every flush ends: it waits for the writer lock with a limit.
  Held Enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    left_.wait(lock, [this] { return !is_taken_; });
    is_taken_ = true;
    return Held(this);
  }

  // The same until `deadline`, or until `is_satisfied()` when the flush in
  // progress has called NoteProgress. No turn: one of the two has come.
  template <class IsSatisfied>
  Held EnterUntil(std::chrono::steady_clock::time_point deadline,
                  const IsSatisfied& is_satisfied) {
    std::unique_lock<std::mutex> lock(mutex_);
    left_.wait_until(lock, deadline,
                     [&] { return !is_taken_ || is_satisfied(); });
    if (is_taken_ || is_satisfied()) return Held();
    is_taken_ = true;
    return Held(this);
  }
  Held EnterUntil(std::chrono::steady_clock::time_point deadline) {
    return EnterUntil(deadline, [] { return false; });
  }

  // Some of what others wait for is done.
  void NoteProgress() noexcept {
    std::lock_guard<std::mutex> guard(mutex_);
    left_.notify_all();
  }

 private:
  void Leave() noexcept {
    std::lock_guard<std::mutex> guard(mutex_);
    is_taken_ = false;
    left_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable left_;
  bool is_taken_ = false;  // guarded by mutex_
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_FLUSH_TURN_H_
