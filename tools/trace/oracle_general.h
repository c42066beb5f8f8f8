// The records of oracleGeneral, the trace format of libCacheSim: 24 bytes, all
// numbers little-endian, without padding and without a header.
//
//   offset  bytes
//   0       4      seconds since the start of the trace, or since 1970
//   4       8      the number that stands for the key
//   12      4      the size of the object in bytes
//   16      8      the number of the request that accesses this key next,
//                  counted from 0; -1 when there is none or it is not known

#ifndef APPCACHE_TOOLS_TRACE_ORACLE_GENERAL_H_
#define APPCACHE_TOOLS_TRACE_ORACLE_GENERAL_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/support/byte_order.h"

namespace appcache::trace {

inline constexpr size_t kOracleGeneralBytes = 24;

struct OracleGeneralRecord {
  uint32_t seconds = 0;
  uint64_t key = 0;
  uint32_t bytes = 0;
  int64_t next_access = -1;

  bool operator==(const OracleGeneralRecord&) const = default;
};

inline std::array<char, kOracleGeneralBytes> EncodeOracleGeneral(
    const OracleGeneralRecord& record) {
  std::array<char, kOracleGeneralBytes> bytes;
  internal::StoreLittleEndian<uint32_t>(record.seconds, bytes.data());
  internal::StoreLittleEndian<uint64_t>(record.key, bytes.data() + 4);
  internal::StoreLittleEndian<uint32_t>(record.bytes, bytes.data() + 12);
  internal::StoreLittleEndian<int64_t>(record.next_access, bytes.data() + 16);
  return bytes;
}

// Reads kOracleGeneralBytes. Any bytes are a record.
inline OracleGeneralRecord DecodeOracleGeneral(const char* bytes) {
  OracleGeneralRecord record;
  record.seconds = internal::LoadLittleEndian<uint32_t>(bytes);
  record.key = internal::LoadLittleEndian<uint64_t>(bytes + 4);
  record.bytes = internal::LoadLittleEndian<uint32_t>(bytes + 12);
  record.next_access = internal::LoadLittleEndian<int64_t>(bytes + 16);
  return record;
}

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_ORACLE_GENERAL_H_
