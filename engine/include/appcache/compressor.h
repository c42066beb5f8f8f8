// Compressor: compresses and decompresses values.
//
// A cache compresses a value when its key asks for that (should_compress in
// key.h), and decompresses every value that it recognises as compressed. So a
// cache may contain compressed and plain values, as pyappcache's does. A value
// whose own bytes look compressed is always compressed, so that it reads back
// unchanged. A raw write, or another program, can store such bytes without
// compressing them; they are then decompressed when they are read.

#ifndef APPCACHE_COMPRESSOR_H_
#define APPCACHE_COMPRESSOR_H_

#include <cstddef>
#include <string_view>

#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/lean_std.h"

namespace appcache {

// Whether a write is to compress its value.
enum class Compression { kNone, kCompress };

// Thread safety: all functions may be called from any threads at once. An
// implementation may throw; the operation of the cache then fails with
// kInternal, or kFull for std::bad_alloc.
class APPCACHE_EXPORT Compressor {
 public:
  virtual ~Compressor() = default;

  // Whether `bytes` start as compressed data does. Called for every value that
  // is read: must be cheap.
  virtual bool IsCompressed(std::string_view bytes) const noexcept = 0;

  // The compressed form of `bytes`, for which IsCompressed is true. kFull when
  // memory is exhausted.
  virtual Result<Bytes> Compress(std::string_view bytes) const = 0;

  // The bytes that Compress was given. kCorrupt when `bytes` are damaged or
  // truncated, or would decompress to more than `max_bytes`: a decompression
  // bomb costs at most that much memory. kFull when memory is exhausted.
  virtual Result<Bytes> Decompress(std::string_view bytes,
                                   size_t max_bytes) const = 0;
};

// Compresses as gzip (RFC 1952), and recognises its magic number, 1f 8b. Data
// of several gzip members is one value, and zeros may follow each of them, as
// for gunzip. The output has no time stamp, so equal input gives equal output.
// pyappcache's `level` is 5. REQUIRES: `level` is from 1 (fast) to 9 (small).
APPCACHE_EXPORT std::shared_ptr<const Compressor> GzipCompressor(int level = 5);

}  // namespace appcache

#endif  // APPCACHE_COMPRESSOR_H_
