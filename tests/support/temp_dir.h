// TempDir: a temporary directory, which the destructor removes.

#ifndef APPCACHE_TESTS_SUPPORT_TEMP_DIR_H_
#define APPCACHE_TESTS_SUPPORT_TEMP_DIR_H_

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace appcache {

class TempDir {
 public:
  TempDir() : TempDir(std::getenv("TEST_TMPDIR")) {}
  // Creates it in `parent`. Null: in /tmp, for the path of a unix socket, which
  // has at most 107 bytes.
  explicit TempDir(const char* parent)
      : path_(std::string(parent ? parent : "/tmp") + "/appcache-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_TEMP_DIR_H_
