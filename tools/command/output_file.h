// OutputFile: a file that is there whole or not at all.

#ifndef APPCACHE_TOOLS_COMMAND_OUTPUT_FILE_H_
#define APPCACHE_TOOLS_COMMAND_OUTPUT_FILE_H_

#include <string>
#include <string_view>

#include "engine/error.h"
#include "tools/command/fd.h"

namespace appcache::command {

// Writes beside the file, for this user's eyes only, and takes its place when
// all of it has been written; what is no regular file (a pipe, /dev/null) is
// written to directly.
class OutputFile {
 public:
  static Result<OutputFile> Open(const std::string& path);

  OutputFile(OutputFile&& other) noexcept
      : fd_(std::move(other.fd_)),
        path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, std::string())) {}
  // Removes what was not committed.
  ~OutputFile();

  Status Write(std::string_view bytes);
  // Brings all of it to the disk, and in place.
  Status Commit();

 private:
  OutputFile() = default;

  UniqueFd fd_;
  std::string path_;
  std::string temporary_;  // empty when written to directly
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_OUTPUT_FILE_H_
