// WaitGraph: which thread waits for which load, across all caches of the
// process. It shows that loads need each other before they wait for each other.

#ifndef APPCACHE_ENGINE_LOADING_WAIT_GRAPH_H_
#define APPCACHE_ENGINE_LOADING_WAIT_GRAPH_H_

#include <atomic>
#include <cstddef>
#include <thread>

#include "engine/support/mutex.h"

namespace appcache::internal {

class WaitGraph {
 public:
  // What threads wait for.
  class Load {
   public:
    // The thread that runs the load. None before a background load starts, and
    // once the load has a result: a thread that has it no longer waits, even if
    // it has not woken yet.
    std::thread::id thread() const noexcept { return thread_.load(); }
    void SetThread(std::thread::id thread) noexcept { thread_.store(thread); }

   private:
    std::atomic<std::thread::id> thread_ = std::this_thread::get_id();
  };

  // From construction to destruction, the calling thread waits for a load.
  class Wait {
   public:
    // `load` must outlive this object. Without memory for the graph, no cycle
    // is found.
    explicit Wait(const Load& load) noexcept;
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    // True if the thread of the load waits, directly or through others, for a
    // load of the calling thread. Then the caller must not wait.
    bool closes_cycle() const noexcept { return closes_cycle_; }

   private:
    friend class WaitGraph;

    const std::thread::id thread_ = std::this_thread::get_id();
    const Load& load_;
    WaitGraph* graph_ = nullptr;  // null when this is not in the list
    // Guarded by the mutex of the graph.
    Wait* next_ = nullptr;
    Wait* previous_ = nullptr;
    bool closes_cycle_ = false;
  };

 private:
  bool ReachesThread(const Load& load, std::thread::id thread) const noexcept
      APPCACHE_REQUIRES(mutex_);
  const Wait* FindWaitOf(std::thread::id thread) const noexcept
      APPCACHE_REQUIRES(mutex_);

  Mutex mutex_;
  // The waits, the newest first: the first of a thread is the one that it is
  // in.
  Wait* first_ APPCACHE_GUARDED_BY(mutex_) = nullptr;
  size_t size_ APPCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_WAIT_GRAPH_H_
