#include "engine/store/snapshot_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/lane/file_lock.h"
#include "engine/store/read_only_file.h"
#include "engine/store/schema.h"
#include "engine/store/side_files.h"
#include "engine/support/high_fd.h"
#include "engine/support/side_file.h"

namespace appcache::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Nobody else knows the new file, so it needs no journal: a failure removes it.
// (First of all: to set auto_vacuum is a write.)
// The commit syncs it.
constexpr char kSnapshotPragmas[] =
    "PRAGMA journal_mode = OFF; PRAGMA auto_vacuum = INCREMENTAL;"
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
    "PRAGMA locking_mode = EXCLUSIVE;";

Status SystemFailure(std::string_view operation, const std::string& path,
                     int error) {
  return Status(ErrorCode::kUnavailable,
                "cannot " + std::string(operation) + " " + path + ": " +
                    std::generic_category().message(error),
                error);
}

// The directory of a file, in which it makes renames durable.
class Directory {
 public:
  explicit Directory(const std::string& file)
      : path_(fs::path(file).parent_path()),
        fd_(internal::MoveAboveStandard(
            open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))),
        error_(errno) {}
  ~Directory() {
    if (fd_ >= 0) close(fd_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  Status opened() const {
    return fd_ >= 0 ? Status() : SystemFailure("open", path_, error_);
  }

  // Allocates nothing if it succeeds. REQUIRES: opened() is success.
  Status Sync() const {
    // Some file systems cannot sync a directory.
    if (fsync(fd_) == 0 || errno == EINVAL) return Status();
    return SystemFailure("sync", path_, errno);
  }

 private:
  const std::string path_;
  const int fd_;
  const int error_;
};

// During its lifetime, a file of this user can be written.
class WritableByOwner {
 public:
  explicit WritableByOwner(std::string path) : path_(std::move(path)) {
    struct stat info;
    if (stat(path_.c_str(), &info) != 0 || info.st_uid != geteuid()) return;
    mode_ = info.st_mode & 07777;
    changed_ =
        (mode_ & S_IWUSR) == 0 && chmod(path_.c_str(), mode_ | S_IWUSR) == 0;
  }
  ~WritableByOwner() {
    if (changed_) (void)chmod(path_.c_str(), mode_);
  }
  WritableByOwner(const WritableByOwner&) = delete;
  WritableByOwner& operator=(const WritableByOwner&) = delete;

 private:
  const std::string path_;
  mode_t mode_ = 0;
  bool changed_ = false;
};

}  // namespace

SnapshotFile::SnapshotFile(std::string path, std::string vfs)
    : path_(std::move(path)), vfs_(std::move(vfs)) {}

SnapshotFile::~SnapshotFile() {
  transaction_.reset();
  if (!new_path_.empty()) unlink(new_path_.c_str());
}

Status SnapshotFile::CheckReplaceable() const {
  if (!HasBytes(path_)) return Status();
  Result<Connection> old = ConnectReadOnly(path_, vfs_);
  if (!old.ok()) return old.status();
  const Result<Contents> contents = InspectOwn(*old);
  if (!contents.ok()) return contents.status();
  return RefuseUnlessCache(*contents, path_);
}

Status SnapshotFile::Create(int64_t hash_seed) {
  assert(!connection_.is_open());
  Status status = CheckFile(path_, vfs_);
  if (status.ok()) status = CheckReplaceable();
  if (!status.ok()) return status;
  std::string name = path_ + ".snapshot-XXXXXX";
  const int fd = internal::MoveAboveStandard(mkostemp(name.data(), O_CLOEXEC));
  if (fd < 0) return SystemFailure("create a snapshot beside", path_, errno);
  close(fd);
  new_path_ = std::move(name);
  Result<Connection> connection =
      Connection::Open(new_path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                       vfs_, new_path_, milliseconds(0));
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  status = connection_.Execute(kSnapshotPragmas, "set up");
  if (status.ok()) status = CreateOwn(connection_, hash_seed);
  if (status.ok()) status = writer_.Prepare(connection_);
  if (status.ok()) status = transaction_.emplace(writer_).Begin();
  return status;
}

Status SnapshotFile::Add(const WriteBatch& rows) {
  assert(transaction_);
  return transaction_->Apply(rows);
}

Status SnapshotFile::Finish() {
  assert(transaction_);
  Status status = transaction_->Commit();
  transaction_.reset();
  writer_ = Writer();
  connection_ = Connection();
  return status;
}

Status SnapshotFile::RemoveOldLog() const {
  if (HasBytes(path_)) {
    // SQLite has created the others with the permissions of the first.
    const WritableByOwner writable(path_);
    const WritableByOwner writable_log(path_ + "-wal");
    const WritableByOwner writable_index(path_ + "-shm");
    Result<Connection> old =
        Connection::Open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                         vfs_, path_, milliseconds(0));
    if (!old.ok()) return old.status();
    old->DistrustSchema();
    // Succeeds only if no other connection exists, and removes the log.
    const Result<std::string> mode =
        old->QueryText("PRAGMA journal_mode = DELETE", "replace");
    if (!mode.ok()) return mode.status();
  }
  // What is left without a database.
  for (const char* const suffix : {"-wal", "-shm", "-suspect"}) {
    unlink((path_ + suffix).c_str());
  }
  return Status();
}

Status SnapshotFile::TakeAccessOfOld() const {
  const int fd = internal::MoveAboveStandard(
      open(new_path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return SystemFailure("open", new_path_, errno);
  internal::GiveAccess(fd, internal::FileAccess::Of(path_));
  close(fd);
  return Status();
}

Status SnapshotFile::Replace() {
  assert(!connection_.is_open() && !new_path_.empty());
  // Other processes open the cache while they hold its writer lock.
  internal::FileLock lock;
  if (HasSignedLane(path_)) {
    Result<internal::FileLock> opened = internal::FileLock::Open(
        LanePath(path_), internal::FileAccess::Of(path_).OfWriters());
    if (!opened.ok()) return opened.status();
    lock = *std::move(opened);
    const Result<bool> locked = lock.TryLock();
    if (!locked.ok()) return locked.status();
    if (!*locked) {
      return Status(ErrorCode::kBusy,
                    "cannot replace " + path_ +
                        ": another process writes to it; close it "
                        "there, or use another path");
    }
  }
  const Directory directory(path_);
  Status status = directory.opened();
  // Not earlier: they may not allow this process to write.
  if (status.ok() && HasBytes(path_)) status = TakeAccessOfOld();
  if (status.ok()) status = RemoveOldLog();
  if (!status.ok()) return status;
  // Nothing fails after it for want of memory.
  if (std::rename(new_path_.c_str(), path_.c_str()) != 0) {
    return SystemFailure("rename " + new_path_ + " to", path_, errno);
  }
  new_path_.clear();
  return directory.Sync();
}

}  // namespace appcache::store
