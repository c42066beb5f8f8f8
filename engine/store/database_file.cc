// Opening a file: whose it is, making it, setting a damaged one aside.

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

#include "engine/store/database.h"
#include "engine/store/schema.h"

namespace appcache::store {
namespace {

constexpr int kFileFlags =
    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

// journal_size_limit: what is left of the log when it starts over. None of
// these writes: the file may be someone else's, or the lane another's.
constexpr char kFilePragmas[] =
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA secure_delete = OFF; PRAGMA journal_size_limit = 8388608;";

// Lets a cleared cache give its space back. Only before the first page is
// written: later it counts for nothing, but is a write all the same.
constexpr char kNewFilePragmas[] = "PRAGMA auto_vacuum = INCREMENTAL";

std::string LanePath(const std::string& path) { return path + "-lane"; }
std::string SuspectPath(const std::string& path) { return path + "-suspect"; }

bool Exists(const std::string& path) noexcept {
  return access(path.c_str(), F_OK) == 0;
}

// ENOENT is no failure: the log is there only while it is needed.
Status Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) {
    return Status();
  }
  const int error = errno;
  return Status(ErrorCode::kUnavailable,
                "cannot set the damaged file " + from + " aside as " + to +
                    ": " + std::generic_category().message(error) +
                    "; move it away by hand",
                error);
}

// Renamed, not deleted, so that a person can look at it; the log goes along
// under the name that SQLite looks for.
Status SetAside(const std::string& path) {
  const std::string aside = path + ".damaged";
  std::remove((aside + "-wal").c_str());
  Status status = Rename(path, aside);
  if (status.ok()) status = Rename(path + "-wal", aside + "-wal");
  std::remove((path + "-shm").c_str());
  return status;
}

Status CheckWritable(const Connection& connection, const std::string& path) {
  if (sqlite3_db_readonly(connection.get(), "main") != 1) return Status();
  return Status(ErrorCode::kUnavailable,
                "cannot write to " + path +
                    ": the file is read-only for this user; check its "
                    "permissions, or use another file");
}

// Every page, as SQLite's quick_check does. Damage is not an error here.
Result<bool> PagesAreSound(const Connection& connection) {
  const Result<std::string> answer =
      connection.QueryText("PRAGMA quick_check(1)", "check");
  if (answer.ok()) return *answer == "ok";
  if (answer.status().Is(ErrorCode::kCorrupt)) return false;
  return answer.status();
}

Status UseLog(const Connection& connection) {
  const Result<std::string> mode =
      connection.QueryText("PRAGMA journal_mode = WAL", "set up the log of");
  if (!mode.ok()) return mode.status();
  if (*mode == "wal") return Status();
  return Status(ErrorCode::kUnavailable,
                "cannot use a write-ahead log for " + connection.name() +
                    " (journal mode \"" + *mode +
                    "\"); is it on a network file system? use a local one");
}

// SQLite takes a file of one byte for an empty one.
bool IsOneByte(const std::string& path) noexcept {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && info.st_size == 1;
}

// What is in the file; one that is not SQLite's any more, but whose lane is
// ours, is damaged.
Result<Contents> Identify(const Connection& connection,
                          const std::string& path) {
  Result<Contents> contents = InspectOwn(connection);
  if (contents.ok() && *contents == Contents::kNothing && IsOneByte(path)) {
    contents = Contents::kUnreadable;
  }
  if (contents.ok() && *contents == Contents::kUnreadable &&
      FileLock::IsSigned(LanePath(path))) {
    return Contents::kDamaged;
  }
  if (contents.ok() && *contents == Contents::kCache &&
      Exists(SuspectPath(path))) {
    const Result<bool> sound = PagesAreSound(connection);
    if (!sound.ok()) return sound.status();
    if (!*sound) return Contents::kDamaged;
    std::remove(SuspectPath(path).c_str());
  }
  return contents;
}

}  // namespace

Result<Connection> Database::ConnectFile(const std::string& path,
                                         const Settings& settings) const {
  Result<Connection> connection = Connection::Open(
      path, kFileFlags, settings.vfs, path, settings.busy_timeout);
  if (!connection.ok()) return connection;
  Status status = connection->Execute(kFilePragmas, "set up");
  if (!status.ok() && !status.Is(ErrorCode::kCorrupt)) return status;
  return connection;
}

// REQUIRES: the lane is held.
Status Database::MakeOrVerifyFile(const std::string& path,
                                  const Settings& settings) {
  Result<Connection> connection = ConnectFile(path, settings);
  if (!connection.ok()) return connection.status();
  Result<Contents> contents = Identify(*connection, path);
  if (!contents.ok()) return contents.status();
  if (*contents == Contents::kDamaged) {
    *connection = Connection();  // closed before it is renamed
    Status status = SetAside(path);
    if (!status.ok()) return status;
    std::remove(SuspectPath(path).c_str());
    settings.log(LogLevel::kError, "the cache " + path +
                                       " was damaged: it was renamed to " +
                                       path + ".damaged, and starts empty");
    connection = ConnectFile(path, settings);
    if (!connection.ok()) return connection.status();
    contents = Contents::kNothing;
  }
  Status status;
  if (*contents == Contents::kNothing) {
    status = connection->Execute(kNewFilePragmas, "set up");
    if (status.ok()) status = CreateOwn(*connection, settings.hash_seed);
  } else {
    status = RefuseUnlessCache(*contents, path);
  }
  if (status.ok()) status = UseLog(*connection);
  if (!status.ok()) return status;
  writer_ = *std::move(connection);
  return Status();
}

Database::Opened Database::OpenFile(const std::string& path,
                                    const Settings& settings) {
  std::unique_ptr<Database> database(new Database);
  {
    // Before anything is made beside the file: is it ours to use? Looked at
    // again in the lane, where nobody else is making or renaming it.
    const bool had_log = Exists(path + "-wal");
    Result<Connection> look = database->ConnectFile(path, settings);
    if (!look.ok()) return look.status();
    Status writable = CheckWritable(*look, path);
    if (!writable.ok()) return writable;
    const Result<Contents> contents = Identify(*look, path);
    if (!contents.ok()) return contents.status();
    if (*contents != Contents::kNothing && *contents != Contents::kCache &&
        *contents != Contents::kDamaged) {
      // Looking made a log if there was none: an ordinary close removes it.
      if (!had_log) {
        sqlite3_db_config(look->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
                          nullptr);
      }
      return RefuseUnlessCache(*contents, path);
    }
  }
  Result<FileLock> lock = FileLock::Open(LanePath(path));
  if (!lock.ok()) return lock.status();
  if (!FileLock::IsSigned(LanePath(path))) {
    Status sign = lock->Sign();
    if (!sign.ok()) return sign;
  }
  database->uri_ = path;
  database->open_flags_ = kFileFlags & ~SQLITE_OPEN_CREATE;
  database->vfs_ = settings.vfs;
  database->busy_timeout_ = settings.busy_timeout;
  database->suspect_path_ = SuspectPath(path);
  database->has_log_ = true;
  database->lane_ =
      std::make_unique<WriterLane>(path, std::optional(*std::move(lock)));
  const Result<WriterLane::Pass> pass =
      database->lane_->Enter(settings.busy_timeout);
  if (!pass.ok()) return pass.status();
  Status status = database->MakeOrVerifyFile(path, settings);
  database->identity_ = FileIdentity::Of(path);
  if (status.ok()) status = database->Adopt();
  if (!status.ok()) return status;
  return database;
}

FileIdentity FileIdentity::Of(const std::string& path) noexcept {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

Status Database::CheckInPlace() const {
  if (!has_log_ || FileIdentity::Of(uri_) == identity_) return Status();
  return Status(ErrorCode::kUnavailable,
                uri_ +
                    " was removed, renamed or replaced since this cache "
                    "opened it; close the cache, and open it again");
}

void Database::MarkSuspect() const noexcept {
  if (suspect_path_.empty()) return;
  const int fd =
      open(suspect_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd >= 0) close(fd);
}

}  // namespace appcache::store
