#include "engine/store/read_only_file.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "engine/store/audit.h"
#include "engine/store/database.h"
#include "engine/store/log_owner.h"
#include "engine/store/schema.h"
#include "engine/store/side_files.h"

namespace appcache::store {
namespace {

using std::chrono::milliseconds;

// A URI that SQLite reads as this path.
std::string UriOf(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri("file:");
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += kHex[static_cast<unsigned char>(c) >> 4];
      uri += kHex[c & 15];
    } else {
      uri += c;
    }
  }
  return uri;
}

Result<Connection> ConnectWith(const std::string& path, const std::string& vfs,
                               milliseconds busy_timeout,
                               const char* parameters) {
  Result<Connection> connection = Connection::Open(
      UriOf(path) + parameters,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, vfs, path,
      busy_timeout);
  if (connection.ok()) connection->DistrustSchema();
  return connection;
}

// Whether SQLite needs a file beside the database and may not create it.
bool IsMissingFile(const Status& status) noexcept {
  if (status.ok()) return false;
  const int code = status.error().native_code & 0xff;
  return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

// Whether SQLite would create a log to read the file.
bool UsesLog(const Connection& connection) noexcept {
  constexpr int kReadVersionAt = 19;
  char version = 0;
  return connection.ReadHeader(kReadVersionAt, &version, 1) && version == 2;
}

bool IsReadWithoutLocks(const Connection& connection) noexcept {
  const char* const name = sqlite3_db_filename(connection.get(), "main");
  return sqlite3_uri_boolean(name, "immutable", 0) != 0;
}

}  // namespace

bool HasBytes(const std::string& path) noexcept {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         info.st_size > 0;
}

// Reads a file that would need a log and has none as one that nobody changes:
// SQLite then neither creates a log nor locks, and CheckUnchanged looks
// afterwards whether that was so. A log without contents may be that of a cache
// in use.
Result<Connection> ConnectReadOnly(const std::string& path,
                                   const std::string& vfs,
                                   milliseconds busy_timeout) {
  Status status = CheckFile(path, vfs);
  if (!status.ok()) return status;
  if (HasForeignLog(path)) {
    return Status(ErrorCode::kUnavailable,
                  path +
                      " was replaced while the log of the old file remained; "
                      "appcache check --fix removes that log");
  }
  const std::string log = path + "-wal";
  if (access(log.c_str(), F_OK) == 0) {
    Result<Connection> connection = ConnectWith(path, vfs, busy_timeout, "");
    if (!connection.ok() || HasBytes(log)) return connection;
    const Result<int64_t> read =
        connection->QueryInt("PRAGMA schema_version", "read");
    if (!IsMissingFile(read.status())) return connection;
  }
  Result<Connection> fixed =
      ConnectWith(path, vfs, busy_timeout, "?immutable=1");
  if (!fixed.ok() || UsesLog(*fixed)) return fixed;
  return ConnectWith(path, vfs, busy_timeout, "");
}

Result<Connection> ConnectToRead(const std::string& path,
                                 const std::string& vfs) {
  Result<Connection> connection = ConnectReadOnly(path, vfs);
  if (!connection.ok()) return connection;
  const Result<Contents> contents = InspectOwn(*connection);
  if (!contents.ok()) return contents.status();
  Status status = RefuseUnlessCache(*contents, path);
  if (!status.ok()) return status;
  const Result<bool> sound = PagesAreSound(*connection);
  if (!sound.ok()) return sound.status();
  if (!*sound) return RefuseUnlessCache(Contents::kDamaged, path);
  return connection;
}

FileState FileState::Of(const std::string& path) noexcept {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec};
}

Status CheckUnchanged(const Connection& connection, const std::string& path,
                      const FileState& before) {
  if (!IsReadWithoutLocks(connection)) return Status();
  if (FileState::Of(path) == before && !HasBytes(path + "-wal")) {
    return Status();
  }
  return Status(ErrorCode::kBusy,
                path + " was written to while it was read; retry");
}

Result<std::unique_ptr<FileView>> FileView::Open(const std::string& path,
                                                 const std::string& vfs,
                                                 milliseconds busy_timeout) {
  std::unique_ptr<FileView> view(new FileView);
  view->path_ = path;
  view->opened_ = FileState::Of(path);
  Result<Connection> connection = ConnectReadOnly(path, vfs, busy_timeout);
  if (!connection.ok()) return connection.status();
  view->connection_ = *std::move(connection);
  const Result<Contents> contents = InspectOwn(view->connection_);
  if (!contents.ok()) return contents.status();
  Status status = RefuseUnlessCache(*contents, path);
  if (status.ok()) status = view->connection_.Execute(kReaderPragmas, "set up");
  if (!status.ok()) return status;
  const Result<int64_t> seed = ReadHashSeed(view->connection_);
  if (!seed.ok()) return seed.status();
  view->hash_seed_ = *seed;
  status = view->reader_.PrepareForAnyBuild(view->connection_);
  if (!status.ok()) return status;
  return view;
}

Status FileView::CheckCurrent() const {
  const FileState now = FileState::Of(path_);
  if (now.device != opened_.device || now.inode != opened_.inode) {
    return Status(ErrorCode::kBusy, path_ +
                                        " was removed or replaced while it was "
                                        "read; retry");
  }
  return CheckUnchanged(connection_, path_, opened_);
}

Status StartReading(const Connection& connection) {
  Status status = connection.Execute("BEGIN", "read");
  if (!status.ok()) return status;
  // The first read fixes what the transaction sees.
  return ReadHashSeed(connection).status();
}

}  // namespace appcache::store
