// SIGXFSZ, which the kernel sends for a write beyond the file size limit of
// the process (ulimit -f). Ignored, the write fails with EFBIG instead.

#ifndef APPCACHE_TOOLS_COMMAND_IO_FILE_SIZE_SIGNAL_H_
#define APPCACHE_TOOLS_COMMAND_IO_FILE_SIZE_SIGNAL_H_

namespace appcache::command {

// Ignores SIGXFSZ in this process.
void IgnoreFileSizeSignal() noexcept;

// Restores the action from before, for a command that replaces this process,
// because an ignored signal stays ignored. Is safe after a fork.
void RestoreFileSizeSignal() noexcept;

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_FILE_SIZE_SIGNAL_H_
