// RecorderFile: a recorder file that is open and mapped.
//
// Locks of the file description on two bytes say who uses it: on byte 0 that of
// the program, on byte 1 that of the command that records. The kernel releases
// them when their process ends, in whichever way. They are the same in every
// version of the file.

#ifndef APPCACHE_ENGINE_RECORD_RECORDER_FILE_H_
#define APPCACHE_ENGINE_RECORD_RECORDER_FILE_H_

#include <string>
#include <utility>

#include "appcache/error.h"
#include "engine/record/recorder_layout.h"

namespace appcache::internal {

class RecorderFile {
 public:
  // For the program: makes a new file, which appears at `path` when it is
  // complete. Replaces the recorder file, of any version, of a program of this
  // user that has exited.
  // Errors: as AccessRecorder::Create.
  static Result<RecorderFile> Create(const std::string& path);

  // For a command. One may record at a time; any number may ask for statistics.
  // Errors: kUnavailable when there is no such file, or it cannot be opened;
  // kUnsupported when it is not a recorder file of this user and this version;
  // kBusy when another command records.
  enum class Use { kRecord, kAsk };
  static Result<RecorderFile> Attach(const std::string& path,
                                     Use use = Use::kRecord);

  RecorderFile(RecorderFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        layout_(std::exchange(other.layout_, nullptr)) {}
  RecorderFile& operator=(RecorderFile&&) = delete;
  // Unmaps and closes the file, which stays at its path.
  ~RecorderFile();

  RecorderLayout& layout() const noexcept { return *layout_; }

  // Whether the program that made the file, or a child of it that uses the file
  // too, is alive.
  bool HasProgram() const noexcept;

 private:
  explicit RecorderFile(int fd) noexcept : fd_(fd) {}
  Status Map(int fd, const std::string& path);

  int fd_;
  RecorderLayout* layout_ = nullptr;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_RECORDER_FILE_H_
