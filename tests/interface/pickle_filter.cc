// pickle_filter: reads pickles from standard input, each behind its size in
// four bytes, and writes the values as pickles in the same form. A pickle that
// is not read has the size 0xffffffff. For pickle_python_test.

#include <cstdint>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "appcache/pickle_serialiser.h"
#include "engine/support/byte_order.h"

namespace {

using appcache::internal::LoadLittleEndian;
using appcache::internal::StoreLittleEndian;

void WriteSize(uint32_t size) {
  char bytes[sizeof(size)];
  StoreLittleEndian<uint32_t>(size, bytes);
  std::cout.write(bytes, sizeof(bytes));
}

}  // namespace

int main() {
  using Serialiser = appcache::PickleSerialiser<appcache::PickleValue>;
  const std::string input{std::istreambuf_iterator<char>(std::cin),
                          std::istreambuf_iterator<char>()};
  std::string_view rest = input;
  while (!rest.empty()) {
    const size_t size = LoadLittleEndian<uint32_t>(rest.data());
    rest.remove_prefix(sizeof(uint32_t));
    const auto value =
        Serialiser::Deserialise(appcache::Bytes::Copy(rest.substr(0, size)));
    rest.remove_prefix(size);
    if (value) {
      const std::string written = Serialiser::Serialise(*value);
      WriteSize(static_cast<uint32_t>(written.size()));
      std::cout << written;
    } else {
      WriteSize(std::numeric_limits<uint32_t>::max());
    }
  }
  std::cout << std::flush;
  return 0;
}
