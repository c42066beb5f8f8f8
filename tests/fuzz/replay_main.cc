// Runs a fuzz target on the files that the arguments name: on each as it is,
// truncated at many lengths, and with random bytes changed. Finds mistakes
// without a fuzzer.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/support/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// For each file.
constexpr size_t kMaxCuts = 100;
constexpr size_t kChanges = 100;

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()),
                         input.size());
}

void RunAround(const std::string& input, appcache::RandomSource& random) {
  Run(input);
  const size_t step = input.size() / kMaxCuts + 1;
  for (size_t size = 0; size < input.size(); size += step) {
    Run(input.substr(0, size));
  }
  for (size_t i = 0; i < kChanges && !input.empty(); ++i) {
    std::string changed = input;
    for (uint64_t many = random.Below(3); many < 3; ++many) {
      changed[random.Below(changed.size())] =
          static_cast<char>(random.Below(256));
    }
    Run(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " FILE...\n";
    return 2;
  }
  appcache::RandomSource random;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::cerr << "cannot read " << argv[i]
                << ": it must be a readable file\n";
      return 1;
    }
    RunAround(std::string(std::istreambuf_iterator<char>(file), {}), random);
  }
  std::cout << argc - 1 << " files of the corpus replayed\n";
  return 0;
}
