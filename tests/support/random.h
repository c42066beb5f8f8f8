// RandomSource: reproducible random numbers.

#ifndef APPCACHE_TESTS_SUPPORT_RANDOM_H_
#define APPCACHE_TESTS_SUPPORT_RANDOM_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace appcache {

// Prints its seed. To repeat a run, set APPCACHE_TEST_SEED to this seed.
class RandomSource {
 public:
  RandomSource() : RandomSource(ChooseSeed()) {}
  explicit RandomSource(uint64_t seed) : engine_(seed) {
    std::cout << "APPCACHE_TEST_SEED=" << seed << std::endl;
  }

  uint64_t Bits() { return engine_(); }

  // One of 0 ... limit - 1.
  uint64_t Below(uint64_t limit) {
    return std::uniform_int_distribution<uint64_t>(0, limit - 1)(engine_);
  }

  // `size` random bytes.
  std::string String(size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(Below(256));
    return text;
  }

 private:
  static uint64_t ChooseSeed() {
    if (const char* const seed = std::getenv("APPCACHE_TEST_SEED")) {
      return std::stoull(seed);
    }
    return std::random_device()();
  }

  std::mt19937_64 engine_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_RANDOM_H_
