#include "adapters/memcache/foreign_value.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace appcache::memcache {
namespace {

// The two clients use 2 and 4 for integers and bools, in different ways.
constexpr uint32_t kDecimal = 2;
constexpr uint32_t kOtherDecimal = 4;
constexpr uint32_t kZlib = 8;
constexpr uint32_t kText = 16;

constexpr uint64_t kFirstOutputBytes = 4096;

Status Corrupt(const std::string& server, const std::string& why) {
  return Status(ErrorCode::kCorrupt,
                "a value on " + server + " " + why + "; invalidate the key");
}

// zlib counts in unsigned ints. An item has at most 1 GiB.
constexpr uint64_t kMaxStepBytes = uint64_t{1} << 30;
static_assert(std::numeric_limits<uInt>::max() > kMaxStepBytes);

Result<Bytes> Inflate(std::string_view bytes, uint64_t max_bytes,
                      const std::string& server) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream,
                                                            inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  // Grows with the actual output, up to one byte above the limit.
  std::string output;
  int rc = Z_OK;
  while (rc == Z_OK) {
    const size_t produced = output.size();
    if (produced > max_bytes) {
      return Corrupt(server, "inflates to more than max_inflated_bytes");
    }
    const uint64_t room =
        std::min({std::max<uint64_t>(produced, kFirstOutputBytes),
                  max_bytes + 1 - produced, kMaxStepBytes});
    output.resize(produced + static_cast<size_t>(room));
    stream.next_out = reinterpret_cast<Bytef*>(output.data() + produced);
    stream.avail_out = static_cast<uInt>(room);
    rc = inflate(&stream, Z_NO_FLUSH);
    output.resize(output.size() - stream.avail_out);
  }
  if (rc == Z_MEM_ERROR) throw std::bad_alloc();
  if (rc != Z_STREAM_END || stream.avail_in > 0) {
    return Corrupt(server, "does not inflate: it is damaged or truncated");
  }
  if (output.size() > max_bytes) {
    return Corrupt(server, "inflates to more than max_inflated_bytes");
  }
  return Bytes::Copy(output);
}

}  // namespace

Result<Bytes> DecodeForeignValue(Bytes stored, uint32_t flags,
                                 uint64_t max_inflated_bytes,
                                 const std::string& server) {
  const uint32_t type = flags & ~kZlib;
  if (type != 0 && type != kDecimal && type != kOtherDecimal && type != kText) {
    return Corrupt(server, "has the flags " + std::to_string(flags) +
                               ": another program wrote it, as a pickle or in "
                               "a format that is not known");
  }
  if ((flags & kZlib) == 0) return stored;
  return Inflate(stored.view(), max_inflated_bytes, server);
}

}  // namespace appcache::memcache
