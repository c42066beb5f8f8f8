// The keys and values that lmdb_process writes. A value contains its key and
// its size, so that a test can recognise a wrong or incomplete one.

#ifndef APPCACHE_TESTS_LMDB_WRITTEN_H_
#define APPCACHE_TESTS_LMDB_WRITTEN_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace appcache {

inline constexpr int kWrittenKeys = 300;

// Of the key with that number, which is below kWrittenKeys.
inline std::string WrittenPath(int key) { return "w/" + std::to_string(key); }

inline std::string WrittenValue(int key, size_t size) {
  const std::string size_text = std::to_string(size);
  return std::to_string(key) + "/" + size_text + "/" +
         std::string(size, static_cast<char>('a' + size % 26));
}

// True if `value` is a value that lmdb_process writes for `key`.
inline bool IsWritten(int key, std::string_view value) {
  const std::string start = std::to_string(key) + "/";
  if (!value.starts_with(start)) return false;
  return value ==
         WrittenValue(key,
                      std::stoul(std::string(value.substr(start.size(), 6))));
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_WRITTEN_H_
