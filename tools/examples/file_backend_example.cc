// Counts the primes below a number, and reads the count from a file the next
// time.
//
//   file_backend_example /tmp/primes 5000000

#include <cstdlib>
#include <iostream>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tools/examples/file_backend.h"

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

// Exhausted memory ends it. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  const int limit = argc == 3 ? std::atoi(argv[2]) : 0;
  if (limit <= 0) {
    std::cerr << "Usage: file_backend_example DIRECTORY NUMBER\n";
    return 2;
  }
  auto opened = examples::FileBackend::Open(argv[1]);
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 1;
  }
  appcache::Cache cache(*std::move(opened));
  bool counted = false;
  const int count = cache.GetVia(PrimesBelow{limit}, [&] {
    counted = true;
    return CountPrimesBelow(limit);
  });
  std::cout << count << " primes below " << limit
            << (counted ? " (counted)\n" : " (from the cache)\n");
}
