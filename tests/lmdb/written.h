// What lmdb_process writes: values that tell their key, and whether they are
// whole.

#ifndef APPCACHE_TESTS_LMDB_WRITTEN_H_
#define APPCACHE_TESTS_LMDB_WRITTEN_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace appcache {

inline constexpr int kWrittenKeys = 300;

inline std::string WrittenPath(int key) { return "w/" + std::to_string(key); }

inline std::string WrittenValue(int key, size_t size) {
  const std::string size_text = std::to_string(size);
  return std::to_string(key) + "/" + size_text + "/" +
         std::string(size, static_cast<char>('a' + size % 26));
}

inline bool IsWritten(int key, std::string_view value) {
  const std::string start = std::to_string(key) + "/";
  if (!value.starts_with(start)) return false;
  return value ==
         WrittenValue(key,
                      std::stoul(std::string(value.substr(start.size(), 6))));
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_WRITTEN_H_
