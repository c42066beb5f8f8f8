#include "engine/store/database.h"

#include <sqlite3.h>

#include <string_view>
#include <utility>

#include "engine/store/schema.h"

namespace appcache::store {
namespace {

// SQLite's memdb stops at 1 GiB unless told otherwise; the cache has limits of
// its own.
constexpr sqlite3_int64 kMaxMemoryBytes = sqlite3_int64{1} << 40;

constexpr int kMemoryFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

// secure_delete: Debian's SQLite overwrites what it deletes with zeros. The
// writer's page cache keeps SQLite's 2 MiB and may spill: a commit may walk its
// whole hash table, which never shrinks.
constexpr char kMemoryPragmas[] =
    "PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF;"
    "PRAGMA journal_mode = MEMORY;";

// A page that is not in a connection's cache costs a copy of 4 KiB under
// memdb's mutex, or a system call: SQLite's default of 2 MiB is soon outgrown.
constexpr char kReaderPragmas[] = "PRAGMA cache_size = -8192";

// Letters, digits and a few marks as they are; the rest encoded, not by
// SQLite's percent signs, at which a NUL would end the name. In a folder of our
// own, for memdb shares no database whose name is empty.
std::string MemoryUri(const std::string& name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri("file:/appcache/");
  for (const unsigned char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
                       c == '.';
    if (plain) {
      uri += static_cast<char>(c);
    } else {
      uri += '~';
      uri += kHex[c >> 4];
      uri += kHex[c & 15];
    }
  }
  return uri + "?vfs=memdb";
}

std::string MemoryName(const std::string& name) {
  return "the in-memory cache \"" + name + "\"";
}

}  // namespace

Result<Connection> Database::ConnectInMemory(
    const std::string& name, std::chrono::milliseconds busy_timeout) {
  Result<Connection> connection = Connection::Open(
      MemoryUri(name), kMemoryFlags, "", MemoryName(name), busy_timeout);
  if (!connection.ok()) return connection;
  sqlite3_int64 limit = kMaxMemoryBytes;
  sqlite3_file_control(connection->get(), "main", SQLITE_FCNTL_SIZE_LIMIT,
                       &limit);
  return connection;
}

Database::Opened Database::OpenInMemory(const std::string& name,
                                        const Settings& settings) {
  std::unique_ptr<Database> database(new Database);
  database->is_in_memory_ = true;
  database->uri_ = MemoryUri(name);
  database->open_flags_ = kMemoryFlags;
  database->busy_timeout_ = settings.busy_timeout;
  database->lane_ =
      std::make_unique<WriterLane>(MemoryName(name), std::nullopt);
  Result<Connection> writer = ConnectInMemory(name, settings.busy_timeout);
  if (!writer.ok()) return writer.status();
  database->writer_ = *std::move(writer);
  Connection& connection = database->writer_;
  Status status = connection.Execute(kMemoryPragmas, "set up");
  if (!status.ok()) return status;
  const Result<Contents> contents = InspectOwn(connection);
  if (!contents.ok()) return contents.status();
  status = *contents == Contents::kNothing
               ? CreateOwn(connection, settings.hash_seed)
               : RefuseUnlessCache(*contents, connection.name());
  if (status.ok()) status = database->Adopt();
  if (!status.ok()) return status;
  return database;
}

Database::Opened Database::Borrow(sqlite3* borrowed, const Settings& settings) {
  std::unique_ptr<Database> database(new Database);
  const char* const file = sqlite3_db_filename(borrowed, "main");
  database->borrowed_ = borrowed;
  database->is_in_memory_ = file == nullptr || *file == '\0';
  database->writer_ = Connection::Borrow(
      borrowed, database->is_in_memory_
                    ? std::string("the caller's in-memory database")
                    : std::string(file));
  database->busy_timeout_ = settings.busy_timeout;
  Connection& connection = database->writer_;
  database->lane_ =
      std::make_unique<WriterLane>(connection.name(), std::nullopt);
  const Result<Contents> contents = InspectBorrowed(connection);
  if (!contents.ok()) return contents.status();
  Status status = *contents == Contents::kNothing
                      ? CreateBorrowed(connection, settings.hash_seed)
                      : RefuseUnlessCache(*contents, connection.name());
  if (status.ok()) status = database->Adopt();
  if (!status.ok()) return status;
  return database;
}

Status Database::Adopt() {
  const Result<int64_t> seed = ReadHashSeed(writer_);
  if (!seed.ok()) return seed.status();
  hash_seed_ = *seed;
  name_ = writer_.name();
  return Status();
}

Result<Connection> Database::ConnectReader() const {
  if (is_borrowed()) return Connection::Borrow(borrowed_, name_);
  Result<Connection> connection =
      Connection::Open(uri_, open_flags_, vfs_, name_, busy_timeout_);
  if (!connection.ok()) {
    Status in_place = CheckInPlace();
    if (!in_place.ok()) return in_place;
    return connection;
  }
  Status status = connection->Execute(kReaderPragmas, "set up");
  if (status.ok()) status = CheckInPlace();
  if (!status.ok()) return status;
  return connection;
}

}  // namespace appcache::store
