// Reads any bytes as a pickle. A value that is read must be the same after it
// was written and read again, and what is written must be a pickle.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/pickle_serialiser.h"

namespace {

using appcache::Bytes;
using appcache::PickleValue;
using Serialiser = appcache::PickleSerialiser<PickleValue>;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)appcache::internal::IsPickle(bytes);
  const std::optional<PickleValue> value =
      Serialiser::Deserialise(Bytes::Copy(bytes));
  if (!value) return 0;
  const std::string written = Serialiser::Serialise(*value);
  Require(appcache::internal::IsPickle(written));
  const std::optional<PickleValue> again =
      Serialiser::Deserialise(Bytes::Copy(written));
  // NaN is not equal to itself, so the bytes are compared.
  Require(again && Serialiser::Serialise(*again) == written);
  return 0;
}
