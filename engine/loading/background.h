// Background: the loads of a cache that run in other threads than their
// callers', counted, so that the cache can wait for them.

#ifndef APPCACHE_ENGINE_LOADING_BACKGROUND_H_
#define APPCACHE_ENGINE_LOADING_BACKGROUND_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace appcache {

// Thread safety: all of it.
class Background {
 public:
  // One load, from before it is handed over until it has let go of the cache.
  class Running {
   public:
    // Of a load that may not begin.
    Running() noexcept = default;
    Running(Running&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)) {}
    Running& operator=(Running&&) = delete;
    ~Running() {
      if (owner_ != nullptr) owner_->End();
    }

    explicit operator bool() const noexcept { return owner_ != nullptr; }

   private:
    friend class Background;
    explicit Running(Background* owner) noexcept : owner_(owner) {}

    Background* owner_ = nullptr;
  };

  Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // False as a bool once Finish was called.
  Running Begin();

  // Lets no load begin, and waits for those that have.
  void Finish();

  // Whether nothing was ever begun that Finish did not wait for.
  bool is_over() const;

 private:
  void End();

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  // Guarded by mutex_.
  size_t running_ = 0;
  bool was_used_ = false;
  bool is_finished_ = false;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_BACKGROUND_H_
