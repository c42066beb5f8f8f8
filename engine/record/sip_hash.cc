#include "engine/record/sip_hash.h"

#include <bit>
#include <cstddef>

#include "engine/support/byte_order.h"

namespace appcache::internal {
namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void Round() noexcept {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void Add(uint64_t word) noexcept {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash24(const SipKey& key, std::string_view text) noexcept {
  State state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
              key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  // The last word has the length of the text in its highest byte.
  uint64_t last = uint64_t{text.size()} << 56;
  while (text.size() >= sizeof(uint64_t)) {
    state.Add(LoadLittleEndian<uint64_t>(text.data()));
    text.remove_prefix(sizeof(uint64_t));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    last |= uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  state.Add(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace appcache::internal
