// Constants and helpers of the dump format; see dump_format.md.

#ifndef APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LAYOUT_H_
#define APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LAYOUT_H_

#include <zlib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "appcache/times.h"
#include "tools/command/text/byte_codec.h"

namespace appcache::command::dump {

inline constexpr std::string_view kMagic = "appcacheDUMP";
inline constexpr uint32_t kVersion = 1;
inline constexpr size_t kHeaderBytes = 16;

inline constexpr std::string_view kData = "DATA";
inline constexpr std::string_view kDone = "DONE";
inline constexpr size_t kFrameBytes = 24;

inline constexpr size_t kBlockBytes = size_t{1} << 20;
inline constexpr uint64_t kMaxPayloadBytes = uint64_t{1} << 30;

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kMaxTime =
    SqliteCache::kMaxTime.time_since_epoch().count();

inline int64_t FromTime(TimePoint time) {
  return time.time_since_epoch().count();
}
inline TimePoint ToTime(int64_t time) {
  return TimePoint(std::chrono::microseconds(time));
}

inline uint32_t Crc32(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// A block header or the trailer.
inline std::string Frame(std::string_view tag, uint32_t entries, uint64_t size,
                         uint32_t check) {
  ByteWriter frame;
  frame.Raw(tag);
  frame.Number(entries);
  frame.Number(size);
  frame.Number(check);
  frame.Number(Crc32(frame.view()));
  return frame.Take();
}

}  // namespace appcache::command::dump

#endif  // APPCACHE_TOOLS_COMMAND_DUMP_DUMP_LAYOUT_H_
