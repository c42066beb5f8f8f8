#include "adapters/memcache/foreign_value.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "appcache/serialiser.h"

namespace appcache::memcache {
namespace {

// The two clients use 2 and 4 for integers and bools, in different ways.
constexpr uint32_t kPickle = 1;
constexpr uint32_t kDecimal = 2;
constexpr uint32_t kOtherDecimal = 4;
constexpr uint32_t kZlib = 8;
constexpr uint32_t kText = 16;

constexpr uint64_t kFirstOutputBytes = 4096;

// Precedes a pickle that has no mark of its protocol. Protocol 3, because a
// decimal pickle has the mark of protocol 2.
constexpr std::string_view kPickleMark = "\x80\x03";
static_assert(!internal::kDecimalPickleStart.starts_with(kPickleMark));

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

// Without the blanks at the end, which the server's decr leaves. Empty if it is
// not a decimal without needless zeros; "01" would be a bool in a pickle.
std::string_view CanonicalDecimal(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  const bool is_canonical = !digits.starts_with('0') || text == "0";
  const bool is_decimal =
      !digits.empty() && std::ranges::all_of(digits, [](char digit) {
        return digit >= '0' && digit <= '9';
      });
  return is_decimal && is_canonical ? text : std::string_view();
}

Result<Bytes> FromDecimal(std::string_view text, const std::string& server) {
  const std::string_view decimal = CanonicalDecimal(text);
  if (decimal.empty()) {
    return Corrupt(server, "is marked as an integer, and is not one");
  }
  std::string pickle(internal::kDecimalPickleStart);
  pickle.append(decimal).append(internal::kDecimalPickleEnd);
  return Bytes::Copy(pickle);
}

Result<Bytes> FromPickle(Bytes stored, const std::string& server) {
  if (internal::IsPickle(stored.view())) return stored;
  std::string marked(kPickleMark);
  marked += stored.view();
  if (internal::IsPickle(marked)) return Bytes::Copy(marked);
  return Corrupt(server, "is marked as a pickle, and is not one");
}

}  // namespace

Result<Bytes> DecodeForeignValue(Bytes stored, uint32_t flags,
                                 uint64_t max_inflated_bytes,
                                 const std::string& server) {
  if ((flags & kZlib) != 0) {
    Result<Bytes> inflated = Inflate(stored.view(), max_inflated_bytes, server);
    if (!inflated.ok()) return inflated;
    stored = *std::move(inflated);
  }
  switch (flags & ~kZlib) {
    case 0:
    case kText:
      return stored;
    case kDecimal:
    case kOtherDecimal:
      return FromDecimal(stored.view(), server);
    case kPickle:
      return FromPickle(std::move(stored), server);
    default:
      return Corrupt(server, "has the flags " + std::to_string(flags) +
                                 ": another program wrote it, in a format that "
                                 "is not known");
  }
}

}  // namespace appcache::memcache
