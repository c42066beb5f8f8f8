// SipHash-2-4: a hash with a secret key, after Aumasson and Bernstein,
// "SipHash: a fast short-input PRF" (2012). Who does not know the secret cannot
// compute the hash of a guessed text.

#ifndef APPCACHE_ENGINE_RECORD_SIP_HASH_H_
#define APPCACHE_ENGINE_RECORD_SIP_HASH_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace appcache::internal {

// The 16 bytes of the key, as two little-endian numbers.
using SipKey = std::array<uint64_t, 2>;

uint64_t SipHash24(const SipKey& key, std::string_view text) noexcept;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_SIP_HASH_H_
