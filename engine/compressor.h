// Compressor: bytes to fewer bytes and back.
//
// A cache compresses a value when its key asks for it (should_compress), and
// decompresses whatever is recognised as compressed when it reads: compressed
// and plain values live side by side, as in pyappcache. So that every value
// comes back as it was, one that looks compressed is compressed whatever its
// key asks for. (Only what goes past the cache to the backend, a SetRaw or
// another program, can store a value that reads otherwise.)

#ifndef APPCACHE_ENGINE_COMPRESSOR_H_
#define APPCACHE_ENGINE_COMPRESSOR_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/bytes.h"
#include "engine/error.h"

namespace appcache {

// Thread safety: const functions may be called from any threads at once.
class Compressor {
 public:
  virtual ~Compressor() = default;

  // Looks at the first bytes only.
  virtual bool IsCompressed(std::string_view bytes) const noexcept = 0;

  virtual Result<Bytes> Compress(std::string_view bytes) const = 0;

  // kCorrupt when `bytes` are damaged, cut short, or hold more than
  // `max_bytes`: a bomb costs at most that much memory.
  virtual Result<Bytes> Decompress(std::string_view bytes,
                                   size_t max_bytes) const = 0;
};

// gzip (RFC 1952), recognised by 1f 8b; several members in a row are one value,
// as gunzip reads them. `level` is zlib's, 1 (fast) to 9 (small); 5 is
// pyappcache's. The output holds no time stamp: equal input, equal output.
std::shared_ptr<const Compressor> GzipCompressor(int level = 5);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_COMPRESSOR_H_
