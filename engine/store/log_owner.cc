#include "engine/store/log_owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cinttypes>
#include <cstdio>

#include "engine/lane/file_lock.h"
#include "engine/store/side_files.h"
#include "engine/support/side_file.h"

namespace appcache::store {
namespace {

std::string Text(const FileIdentity& file) {
  char text[80];
  std::snprintf(text, sizeof(text),
                "%016" PRIx64 ":%016" PRIx64 ":%016" PRIx64 ".%08" PRIx32,
                file.device, file.inode, static_cast<uint64_t>(file.created_s),
                file.created_ns);
  return text;
}

// Of a fixed size, so that the next note replaces it.
std::string DatabaseText(const FileIdentity& database) {
  return "database " + Text(database);
}
std::string LogText(const FileIdentity& log) {
  return " log " + Text(log) + "\n";
}

}  // namespace

FileIdentity FileIdentity::Of(const std::string& path) noexcept {
  struct statx info;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0) {
    return {};
  }
  FileIdentity identity;
  identity.device = makedev(info.stx_dev_major, info.stx_dev_minor);
  identity.inode = info.stx_ino;
  if ((info.stx_mask & STATX_BTIME) != 0) {
    identity.created_s = info.stx_btime.tv_sec;
    identity.created_ns = info.stx_btime.tv_nsec;
  }
  return identity;
}

void NoteLogOwner(internal::WriterLane& lane, const FileIdentity& database,
                  const FileIdentity& log) noexcept {
  try {
    lane.SetNote(DatabaseText(database) + LogText(log));
  } catch (const std::bad_alloc&) {
    // Without a note.
  }
}

bool HasForeignLog(const std::string& path) {
  const FileIdentity database = FileIdentity::Of(path);
  const FileIdentity log = FileIdentity::Of(path + "-wal");
  if (!database.exists() || !log.exists()) return false;
  const std::string note = internal::FileLock::ReadNote(
      LanePath(path), internal::FileAccess::Of(path).OfWriters());
  return note.ends_with(LogText(log)) &&
         !note.starts_with(DatabaseText(database));
}

}  // namespace appcache::store
