// OutputFile: writes a file that appears complete or not at all.

#ifndef APPCACHE_TOOLS_COMMAND_IO_OUTPUT_FILE_H_
#define APPCACHE_TOOLS_COMMAND_IO_OUTPUT_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "appcache/error.h"
#include "tools/command/io/fd.h"

namespace appcache::command {

// Writes to a temporary file in the same directory, readable by this user only,
// and renames it when it is complete. A target that exists and is not a regular
// file (a pipe, /dev/null) is written to directly.
class OutputFile {
 public:
  static Result<OutputFile> Open(const std::string& path);

  OutputFile(OutputFile&& other) noexcept
      : fd_(std::move(other.fd_)),
        path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, std::string())) {}
  // Removes the temporary file unless Commit succeeded.
  ~OutputFile();

  Status Write(std::string_view bytes);
  // Syncs the temporary file to disk and renames it to the target.
  Status Commit();

 private:
  OutputFile() = default;

  UniqueFd fd_;
  std::string path_;
  std::string temporary_;  // empty when the target is written to directly
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_OUTPUT_FILE_H_
