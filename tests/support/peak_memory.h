// PeakMemory: the largest resident memory of this process during its lifetime.

#ifndef APPCACHE_TESTS_SUPPORT_PEAK_MEMORY_H_
#define APPCACHE_TESTS_SUPPORT_PEAK_MEMORY_H_

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

namespace appcache {

// One at a time.
class PeakMemory {
 public:
  PeakMemory() {
    // Resets the peak ("proc(5)").
    std::ofstream("/proc/self/clear_refs") << "5";
    before_ = Peak();
  }

  // How much more than at the construction.
  uint64_t GrownBytes() const {
    // The kernel's counters are approximate, and can go down a little.
    return std::max(Peak(), before_) - before_;
  }

 private:
  static uint64_t Peak() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
      uint64_t kibibytes = 0;
      if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
    }
    return 0;
  }

  uint64_t before_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_PEAK_MEMORY_H_
