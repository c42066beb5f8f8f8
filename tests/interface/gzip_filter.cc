// gzip_filter compress|decompress: filters standard input through the default
// compressor of a cache, for gzip_python_test.

#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "appcache/compressor.h"

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  const std::string input{std::istreambuf_iterator<char>(std::cin),
                          std::istreambuf_iterator<char>()};
  const auto gzip = appcache::GzipCompressor();
  const appcache::Result<appcache::Bytes> output =
      what == "compress" ? gzip->Compress(input)
                         : gzip->Decompress(input, input.max_size());
  if (!output.ok()) {
    std::cerr << output.status().ToString() << '\n';
    return 1;
  }
  std::cout << output->view() << std::flush;
  return 0;
}
