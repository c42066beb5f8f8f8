// Counts the primes below a number; asked again, reads the count from a file.
//
//   file_cache_example /tmp/primes 5000000

#include <cstdlib>
#include <iostream>
#include <vector>

#include "tools/examples/file_cache.h"

namespace {

struct PrimesBelow {
  using value_type = int;
  int limit;
  void AppendTo(appcache::KeyPath& path) const {
    path.Segment("primes").Segment(limit);
  }
};

int CountPrimesBelow(int limit) {
  int count = 0;
  std::vector<bool> composite(static_cast<size_t>(limit));
  for (long i = 2; i < limit; ++i) {
    if (composite[i]) continue;
    ++count;
    for (long j = i * i; j < limit; j += i) composite[j] = true;
  }
  return count;
}

}  // namespace

// Out of memory ends it. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  const int limit = argc == 3 ? std::atoi(argv[2]) : 0;
  if (limit <= 0) {
    std::cerr << "Usage: file_cache_example DIRECTORY NUMBER\n";
    return 2;
  }
  const auto opened = examples::FileCache::Open(argv[1]);
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 1;
  }
  bool counted = false;
  const int count = (*opened)->GetVia(PrimesBelow{limit}, [&] {
    counted = true;
    return CountPrimesBelow(limit);
  });
  std::cout << count << " primes below " << limit
            << (counted ? " (counted)\n" : " (from the cache)\n");
}
