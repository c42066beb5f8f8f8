// InsideThread: a reader that is inside a section for as long as a test wants.

#ifndef APPCACHE_TESTS_ENGINE_RESIDENCY_INSIDE_THREAD_H_
#define APPCACHE_TESTS_ENGINE_RESIDENCY_INSIDE_THREAD_H_

#include <semaphore>
#include <thread>

#include "engine/residency/epochs.h"

namespace appcache::residency {

// A thread that is inside a section until Leave or its destruction.
class InsideThread {
 public:
  explicit InsideThread(Epochs& epochs)
      : thread_([this, &epochs] {
          const Epochs::Section section(epochs, epochs.ForThisThread());
          entered_.release();
          leave_.acquire();
        }) {
    entered_.acquire();
  }
  ~InsideThread() { Leave(); }
  InsideThread(const InsideThread&) = delete;
  InsideThread& operator=(const InsideThread&) = delete;

  void Leave() {
    if (!thread_.joinable()) return;
    leave_.release();
    thread_.join();
  }

 private:
  std::binary_semaphore entered_{0};
  std::binary_semaphore leave_{0};
  std::thread thread_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_TESTS_ENGINE_RESIDENCY_INSIDE_THREAD_H_
