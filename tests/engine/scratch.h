// Scratch: an empty directory of a test's own, and the bytes in it.

#ifndef APPCACHE_TESTS_ENGINE_SCRATCH_H_
#define APPCACHE_TESTS_ENGINE_SCRATCH_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/temp_dir.h"

namespace appcache {

class Scratch {
 public:
  Scratch() : directory_() {}  // so that Clang takes a const one
  const std::string& directory() const { return directory_.path(); }

  std::string Path(std::string_view name) const {
    return directory() + "/" + std::string(name);
  }

  // All files with all their bytes, by name.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& item : std::filesystem::directory_iterator(directory())) {
      files[item.path().filename()] = ReadAll(item.path());
    }
    return files;
  }

  static std::string ReadAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static void WriteAll(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  // Writes over what is at `offset`.
  static void Overwrite(const std::string& path, size_t offset,
                        std::string_view bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  const TempDir directory_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_SCRATCH_H_
