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

namespace appcache::trace {

inline constexpr size_t kOracleGeneralBytes = 24;

struct OracleGeneralRecord {
  uint32_t seconds = 0;
  uint64_t key = 0;
  uint32_t bytes = 0;
  int64_t next_access = -1;

  bool operator==(const OracleGeneralRecord&) const = default;
};

namespace internal {

inline void StoreLittleEndian(uint64_t number, size_t bytes, char* to) {
  for (size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<char>(number >> (8 * i) & 0xff);
  }
}

inline uint64_t LoadLittleEndian(const char* from, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = bytes; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(from[i]);
  }
  return number;
}

}  // namespace internal

inline std::array<char, kOracleGeneralBytes> EncodeOracleGeneral(
    const OracleGeneralRecord& record) {
  std::array<char, kOracleGeneralBytes> bytes;
  internal::StoreLittleEndian(record.seconds, 4, bytes.data());
  internal::StoreLittleEndian(record.key, 8, bytes.data() + 4);
  internal::StoreLittleEndian(record.bytes, 4, bytes.data() + 12);
  internal::StoreLittleEndian(static_cast<uint64_t>(record.next_access), 8,
                              bytes.data() + 16);
  return bytes;
}

// Reads kOracleGeneralBytes. Any bytes are a record.
inline OracleGeneralRecord DecodeOracleGeneral(const char* bytes) {
  using internal::LoadLittleEndian;
  OracleGeneralRecord record;
  record.seconds = static_cast<uint32_t>(LoadLittleEndian(bytes, 4));
  record.key = LoadLittleEndian(bytes + 4, 8);
  record.bytes = static_cast<uint32_t>(LoadLittleEndian(bytes + 12, 4));
  record.next_access = static_cast<int64_t>(LoadLittleEndian(bytes + 16, 8));
  return record;
}

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_ORACLE_GENERAL_H_
