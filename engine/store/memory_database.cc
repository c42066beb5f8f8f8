// A named database in memory, on the heap VFS (vfs/heap_vfs.h).

#include <sqlite3.h>

#include <string>
#include <utility>

#include "engine/store/database.h"
#include "engine/store/schema.h"
#include "engine/store/sqlite_status.h"
#include "engine/vfs/heap_vfs.h"

namespace appcache::store {
namespace {

constexpr int kWriterFlags =
    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
constexpr int kReaderFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

// Before the first page is written. auto_vacuum: lets memory return when
// entries are removed.
constexpr char kNewPragmas[] = "PRAGMA auto_vacuum = INCREMENTAL";

// secure_delete: Debian's SQLite overwrites deleted data with zeros by default.
// journal_size_limit: the size to which the log is truncated when it restarts.
// The writer's page cache keeps SQLite's 2 MiB and may spill: a commit may walk
// its whole hash table, which never shrinks.
constexpr char kPragmas[] =
    "PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF;"
    "PRAGMA journal_size_limit = 1048576;";

// Readers get the address of a page instead of a copy.
constexpr char kMapPragma[] = "PRAGMA mmap_size = 1099511627776";

// Keeps letters, digits and a few marks, and encodes the rest, because a NUL
// would end the name. The folder is there because a database without a name is
// a temporary file to SQLite.
std::string PathOf(const std::string& name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string path("/appcache/");
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
                          c == '.';
    if (is_plain) {
      path += c;
    } else {
      path += '~';
      path += kHex[byte >> 4];
      path += kHex[byte & 15];
    }
  }
  return path;
}

std::string MemoryNameInMessages(const std::string& name) {
  return "the in-memory cache \"" + name + "\"";
}

Result<Connection> ConnectToMemory(const std::string& name, int flags,
                                   std::chrono::milliseconds busy_timeout) {
  const int rc = vfs::RegisterHeapVfs();
  if (rc != SQLITE_OK) {
    return SqliteStatus(rc, nullptr, "open", MemoryNameInMessages(name));
  }
  return Connection::Open(PathOf(name), flags, vfs::kHeapVfsName,
                          MemoryNameInMessages(name), busy_timeout);
}

class MemoryDatabase final : public Database {
 public:
  MemoryDatabase(const std::string& name, const DatabaseSettings& settings)
      : Database(std::make_unique<internal::WriterLane>(
            MemoryNameInMessages(name), std::nullopt)),
        name_(name),
        busy_timeout_(settings.busy_timeout) {}

  Status Open(std::optional<int64_t> hash_seed) {
    Result<Connection> writer =
        ConnectToMemory(name_, kWriterFlags, busy_timeout_);
    if (!writer.ok()) return writer.status();
    Status status = writer->Execute(kPragmas, "set up");
    if (!status.ok()) return status;
    const Result<Contents> contents = InspectOwn(*writer);
    if (!contents.ok()) return contents.status();
    if (*contents == Contents::kNothing) {
      status = writer->Execute(kNewPragmas, "set up");
      if (status.ok()) status = CreateOwn(*writer, hash_seed);
    } else {
      status = RefuseUnlessCache(*contents, writer->name());
    }
    if (status.ok()) status = writer->UseLog("");
    return status.ok() ? Adopt(*std::move(writer)) : status;
  }

  bool has_wal() const noexcept override { return true; }
  // A checkpoint costs a copy and no sync. A short log saves memory.
  int64_t checkpoint_pages() const noexcept override { return 128; }
  bool returns_space() const noexcept override { return true; }
  bool is_exclusive() const noexcept override { return true; }
  bool is_persistent() const noexcept override { return false; }
  bool has_own_readers() const noexcept override { return true; }

  std::optional<MemoryUse> memory_use() const override {
    const auto use = vfs::MemoryUseOf(PathOf(name_));
    if (!use) return std::nullopt;
    return MemoryUse{use->database_bytes, use->log_bytes};
  }

  Result<Connection> ConnectReader() const override {
    Result<Connection> connection =
        ConnectToMemory(name_, kReaderFlags, busy_timeout_);
    if (!connection.ok()) return connection;
    Status status = connection->Execute(kReaderPragmas, "set up");
    if (status.ok()) status = connection->Execute(kMapPragma, "set up");
    if (!status.ok()) return status;
    return connection;
  }

 private:
  const std::string name_;
  const std::chrono::milliseconds busy_timeout_;
};

}  // namespace

Result<Connection> ConnectInMemory(const std::string& name,
                                   std::chrono::milliseconds busy_timeout) {
  Result<Connection> connection =
      ConnectToMemory(name, kReaderFlags, busy_timeout);
  if (!connection.ok() &&
      connection.status().code() == ErrorCode::kUnavailable) {
    return Status(ErrorCode::kUnavailable,
                  "cannot connect to " + MemoryNameInMessages(name) +
                      ": no cache of that name is open in this process");
  }
  return connection;
}

OpenedDatabase OpenInMemory(const std::string& name,
                            const DatabaseSettings& settings) {
  auto database = std::make_unique<MemoryDatabase>(name, settings);
  Status status = database->Open(settings.hash_seed);
  if (!status.ok()) return status;
  return std::unique_ptr<Database>(std::move(database));
}

OpenedDatabase CreateInMemory(const std::string& name,
                              const DatabaseSettings& settings) {
  if (vfs::MemoryUseOf(PathOf(name))) {
    return Status(ErrorCode::kInvalidArgument,
                  MemoryNameInMessages(name) +
                      " exists already; close it and the connections to it, or "
                      "give another name");
  }
  return OpenInMemory(name, settings);
}

}  // namespace appcache::store
