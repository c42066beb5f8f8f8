// TempDirectory: a directory for the files of a benchmark.

#ifndef APPCACHE_BENCH_FRAME_TEMP_DIRECTORY_H_
#define APPCACHE_BENCH_FRAME_TEMP_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "bench/frame/program.h"

namespace appcache::bench {

// Made in `parent`: by default the directory for temporary files (TMPDIR,
// otherwise /tmp). Removed with its contents by the destructor.
class TempDirectory {
 public:
  explicit TempDirectory(const std::filesystem::path& parent =
                             std::filesystem::temp_directory_path())
      : path_((parent / "appcache-bench-XXXXXX").string()) {
    Must(mkdtemp(path_.data()) != nullptr, "cannot create " + path_);
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_TEMP_DIRECTORY_H_
