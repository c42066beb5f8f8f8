// A record of version 1, which earlier builds wrote.

#ifndef APPCACHE_TESTS_LMDB_VERSION1_H_
#define APPCACHE_TESTS_LMDB_VERSION1_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/lmdb/record.h"
#include "appcache/times.h"

namespace appcache {

// Of an entry whose path is in its key.
inline std::string Version1Record(uint64_t sequence, std::string_view value,
                                  std::optional<TimePoint> expires_at) {
  std::string bytes(1, '\x01');
  const auto append = [&bytes](uint64_t number, int size) {
    for (int i = 0; i < size; ++i, number >>= 8) {
      bytes += static_cast<char>(number & 0xff);
    }
  };
  append(expires_at ? 1 : 0, 1);
  append(sequence, 8);
  if (expires_at) {
    append(static_cast<uint64_t>(expires_at->time_since_epoch().count()), 8);
  }
  bytes += value;
  append(lmdb::Checksum(std::string_view(bytes).substr(0, 240)), 4);
  return bytes;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_VERSION1_H_
