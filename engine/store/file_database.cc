// A database in a file: finding out whose the file is, creating it, setting a
// damaged one aside.

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/lane/file_lock.h"
#include "engine/store/audit.h"
#include "engine/store/database.h"
#include "engine/store/file_space.h"
#include "engine/store/log_owner.h"
#include "engine/store/schema.h"
#include "engine/store/side_files.h"
#include "engine/store/statements.h"
#include "engine/support/side_file.h"

namespace appcache::store {
namespace {

constexpr int kFileFlags =
    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

// journal_size_limit: the size to which the log is truncated when it restarts.
// None of these writes: the file may be foreign, and another process may hold
// the writer lock.
constexpr char kFilePragmas[] =
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA secure_delete = OFF; PRAGMA journal_size_limit = 8388608;";

// Lets Clear return space to the file system. Has an effect only before the
// first page is written; later it would write for nothing.
constexpr char kNewFilePragmas[] = "PRAGMA auto_vacuum = INCREMENTAL";

using internal::FileAccess;

bool Exists(const std::string& path) noexcept {
  return access(path.c_str(), F_OK) == 0;
}

// ENOENT is not a failure: the log exists only while it is needed.
Status Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) {
    return Status();
  }
  const int error = errno;
  return Status(ErrorCode::kUnavailable,
                "cannot set the damaged file " + from + " aside as " + to +
                    ": " + std::generic_category().message(error) +
                    "; move it away yourself",
                error);
}

// Renames the file instead of deleting it, so that a person can inspect it. Its
// log is renamed to match, because SQLite looks for it under that name. Makes
// an empty file of the same owner and permissions in its place.
Status SetAside(const std::string& path) {
  const FileAccess access = FileAccess::Of(path);
  const std::string aside = path + ".damaged";
  unlink((aside + "-wal").c_str());
  Status status = Rename(path, aside);
  if (status.ok()) status = Rename(path + "-wal", aside + "-wal");
  if (!status.ok()) return status;
  unlink((path + "-shm").c_str());
  const int fd = internal::OpenSideFile(path, O_RDWR, /*create=*/true, access);
  if (fd >= 0) close(fd);  // if not, ConnectToFile reports it
  return Status();
}

Status CheckWritable(const Connection& connection, const std::string& path) {
  if (sqlite3_db_readonly(connection.get(), "main") != 1) return Status();
  return Status(ErrorCode::kUnavailable,
                "cannot write to " + path +
                    ": the file is read-only for this user; change its "
                    "permissions, use another file, or open it to read only",
                EROFS);
}

// SQLite treats a file of one byte as an empty one.
bool IsOneByte(const std::string& path) noexcept {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && info.st_size == 1;
}

// What the file contains. A file that is no longer a database, but whose lock
// file is ours, is a damaged cache.
Result<Contents> Identify(const Connection& connection,
                          const std::string& path) {
  Result<Contents> contents = InspectOwn(connection);
  if (contents.ok() && *contents == Contents::kNothing && IsOneByte(path)) {
    contents = Contents::kUnreadable;
  }
  if (contents.ok() && *contents == Contents::kUnreadable &&
      HasSignedLane(path)) {
    return Contents::kDamaged;
  }
  return contents;
}

// Repairs a cache that lacks an index or is suspect, or finds that it is
// damaged. REQUIRES: the writer lock is held.
Result<Contents> RepairIfNeeded(Connection& connection, Contents contents,
                                const std::string& path, const LogSink& log) {
  const bool lacks_index = contents == Contents::kLacksIndex;
  if (contents != Contents::kCache && !lacks_index) return contents;
  if (!lacks_index && !IsSuspect(path)) return contents;
  const Result<Repair> repair = CheckAndRepair(connection, lacks_index);
  if (!repair.ok()) return repair.status();
  if (repair->is_damaged) return Contents::kDamaged;
  unlink(SuspectPath(path).c_str());
  if (repair->removed_entries > 0) {
    log(LogLevel::kWarning, "entries of the cache " + path + " were damaged: " +
                                std::to_string(repair->removed_entries) +
                                " were removed");
  }
  if (repair->has_rebuilt_indexes) {
    log(LogLevel::kWarning,
        "the indexes of the cache " + path +
            " were damaged: they were rebuilt" +
            (repair->removed_entries == 0 ? ", and all entries kept" : ""));
  }
  return Contents::kCache;
}

// Whether the file of a connection is no longer the one at its path.
bool HasMoved(const Connection& connection) noexcept {
  int has_moved = 0;
  sqlite3_file_control(connection.get(), "main", SQLITE_FCNTL_HAS_MOVED,
                       &has_moved);
  return has_moved != 0;
}

Result<Connection> ConnectToFile(const std::string& path,
                                 const DatabaseSettings& settings) {
  Result<Connection> connection = Connection::Open(
      path, kFileFlags, settings.vfs, path, settings.busy_timeout);
  if (!connection.ok()) return connection;
  connection->DistrustSchema();
  Status status = connection->Execute(kFilePragmas, "set up");
  if (!status.ok() && !status.Is(ErrorCode::kCorrupt)) return status;
  return connection;
}

// Before anything is created beside the file: whether the file is a cache or
// can become one. OpenOrCreate looks again while it holds the writer lock, when
// nobody else creates or renames the file.
Status CheckOurs(const std::string& path, const DatabaseSettings& settings) {
  const bool had_log = Exists(path + "-wal");
  Result<Connection> look = ConnectToFile(path, settings);
  if (!look.ok()) return look.status();
  Status writable = CheckWritable(*look, path);
  if (!writable.ok()) return writable;
  const Result<Contents> contents = Identify(*look, path);
  ShareLog(path);  // the look may have created it
  if (!contents.ok()) return contents.status();
  if (*contents == Contents::kNothing || *contents == Contents::kCache ||
      *contents == Contents::kLacksIndex || *contents == Contents::kDamaged) {
    return Status();
  }
  // Looking has created a log if there was none. An ordinary close removes it.
  if (!had_log) {
    sqlite3_db_config(look->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
                      nullptr);
  }
  return RefuseUnlessCache(*contents, path);
}

Result<internal::FileLock> OpenLaneFile(const std::string& path) {
  Result<internal::FileLock> lock = internal::FileLock::Open(
      LanePath(path), FileAccess::Of(path).OfWriters());
  if (!lock.ok() || lock->IsSigned()) return lock;
  Status sign = lock->Sign();
  if (!sign.ok()) return sign;
  return lock;
}

// Renames a damaged file, and connects to a new one.
Result<Connection> StartOver(const std::string& path,
                             const DatabaseSettings& settings) {
  Status status = SetAside(path);
  if (!status.ok()) return status;
  unlink(SuspectPath(path).c_str());
  settings.log(LogLevel::kError, "the cache " + path +
                                     " was damaged: it was renamed to " + path +
                                     ".damaged, and starts empty");
  return ConnectToFile(path, settings);
}

// A process that was killed during a Clear may have left the mode in which each
// commit returns space. The mode NONE, of a file that others made, stays.
Status EndInterruptedClear(const Connection& connection) {
  constexpr int64_t kFull = 1;
  const Result<int64_t> mode =
      connection.QueryInt("PRAGMA auto_vacuum", "read");
  if (!mode.ok()) return mode.status();
  if (*mode != kFull) return Status();
  return connection.Execute(sql::kKeepSpaceAtCommit, "set up");
}

void RemoveLog(const std::string& path) {
  for (const char* const suffix : {"-wal", "-shm"}) {
    unlink((path + suffix).c_str());
  }
}

// Removes a log that is not that of the file. SQLite would remove one beside a
// database without a page, but would use its index, which processes that have
// another file open still hold. REQUIRES: the writer lock is held.
void RemoveForeignLog(const std::string& path, const LogSink& log) {
  struct stat info;
  const bool has_page = stat(path.c_str(), &info) == 0 && info.st_size > 0;
  if (!has_page) return RemoveLog(path);
  if (!HasForeignLog(path)) return;
  RemoveLog(path);
  MarkSuspect(path);  // it may be a copy of a file that was in use
  log(LogLevel::kWarning,
      "the file of the cache " + path +
          " was replaced while the log of the old one remained: the log was "
          "removed");
}

// The connection that writes. REQUIRES: the writer lock is held.
Result<Connection> OpenOrCreate(const std::string& path,
                                const DatabaseSettings& settings) {
  RemoveForeignLog(path, settings.log);
  Result<Connection> connection = ConnectToFile(path, settings);
  if (!connection.ok()) return connection;
  Result<Contents> contents = Identify(*connection, path);
  if (contents.ok()) {
    contents = RepairIfNeeded(*connection, *contents, path, settings.log);
  }
  if (!contents.ok()) return contents.status();
  if (*contents == Contents::kDamaged) {
    *connection = Connection();  // closed before the file is renamed
    connection = StartOver(path, settings);
    if (!connection.ok()) return connection;
    contents = Contents::kNothing;
  }
  Status status;
  if (*contents == Contents::kNothing) {
    status = connection->Execute(kNewFilePragmas, "set up");
    if (status.ok()) status = CreateOwn(*connection, settings.hash_seed);
  } else {
    status = RefuseUnlessCache(*contents, path);
    if (status.ok()) status = EndInterruptedClear(*connection);
  }
  if (status.ok()) {
    status =
        connection->UseLog("; is it on a network file system? use a local one");
  }
  if (status.ok()) status = AddChecksums(*connection);
  if (!status.ok()) return status;
  ShareLog(path);
  return connection;
}

class FileDatabase final : public Database {
 public:
  FileDatabase(const std::string& path, const DatabaseSettings& settings,
               internal::FileLock lock)
      : Database(std::make_unique<internal::WriterLane>(
            path, std::optional(std::move(lock)))),
        path_(path),
        log_path_(path + "-wal"),
        index_path_(path + "-shm"),
        suspect_path_(SuspectPath(path)),
        vfs_(settings.vfs),
        busy_timeout_(settings.busy_timeout) {}

  Status Open(const DatabaseSettings& settings) {
    const Result<internal::WriterLane::Held> held = lane().Enter(busy_timeout_);
    if (!held.ok()) return held.status();
    held->AssertHolds(lane());
    Result<Connection> writer = OpenOrCreate(path_, settings);
    if (IsDiskFull(writer.status())) {
      lane().FreeReserve();
      writer = OpenOrCreate(path_, settings);
    } else {
      lane().KeepReserve();
    }
    if (!writer.ok()) return writer.status();
    // It has read, and so has opened its log.
    identity_ = FileIdentity::Of(path_);
    log_identity_ = FileIdentity::Of(log_path_);
    index_identity_ = FileIdentity::Of(index_path_);
    // Whoever replaces the files from now on leaves these identities as they
    // are.
    if (HasMoved(*writer)) {
      return Status(ErrorCode::kBusy, "cannot open " + path_ +
                                          ": it was replaced at the same "
                                          "time; retry");
    }
    NoteLogOwner(lane(), identity_, log_identity_);
    return Adopt(*std::move(writer));
  }

  bool has_wal() const noexcept override { return true; }
  bool is_persistent() const noexcept override { return true; }
  bool covers_pages() const noexcept override { return true; }
  bool returns_space() const noexcept override { return true; }
  bool has_own_readers() const noexcept override { return true; }

  bool IsInPlace() const noexcept override {
    return FileIdentity::Of(path_) == identity_;
  }

  void RemoveOwnLog() const noexcept override {
    RemoveIf(log_path_, log_identity_);
    RemoveIf(index_path_, index_identity_);
  }

  void MarkSuspect() const noexcept override { store::MarkSuspect(path_); }
  void ClearSuspect() const noexcept override { unlink(suspect_path_.c_str()); }

  Result<Connection> ConnectReader() const override {
    Result<Connection> connection = Connection::Open(
        path_, kFileFlags & ~SQLITE_OPEN_CREATE, vfs_, path_, busy_timeout_);
    if (connection.ok()) connection->DistrustSchema();
    Status status = connection.ok()
                        ? connection->Execute(kReaderPragmas, "set up")
                        : connection.status();
    // A missing file is one that was moved.
    Status in_place = CheckInPlace();
    if (!in_place.ok()) return in_place;
    if (!status.ok()) return status;
    return connection;
  }

 private:
  // No other file has the identity while this object has that one open.
  static void RemoveIf(const std::string& path,
                       const FileIdentity& identity) noexcept {
    if (FileIdentity::Of(path) == identity) unlink(path.c_str());
  }

  const std::string path_;
  const std::string log_path_;
  const std::string index_path_;
  const std::string suspect_path_;
  const std::string vfs_;
  const std::chrono::milliseconds busy_timeout_;
  // Set by Open.
  FileIdentity identity_;
  FileIdentity log_identity_;
  FileIdentity index_identity_;
};

}  // namespace

OpenedDatabase OpenFile(const std::string& path,
                        const DatabaseSettings& settings) {
  Status ours = CheckFile(path, settings.vfs);
  if (ours.ok()) ours = CheckSingleName(path);
  if (ours.ok()) ours = CheckMayWrite(path);
  // Not with the log of another file, which would be applied.
  if (ours.ok() && !HasForeignLog(path)) ours = CheckOurs(path, settings);
  // A full disk prevents the look, but Open has a reserve.
  if (IsDiskFull(ours) && HasSignedLane(path)) ours = Status();
  if (!ours.ok()) return ours;
  Result<internal::FileLock> lock = OpenLaneFile(path);
  if (!lock.ok()) return lock.status();
  auto database =
      std::make_unique<FileDatabase>(path, settings, *std::move(lock));
  Status status = database->Open(settings);
  if (!status.ok()) return status;
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace appcache::store
