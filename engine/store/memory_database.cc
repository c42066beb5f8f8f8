// A named database in memory, on SQLite's memdb VFS.

#include <sqlite3.h>

#include <string>
#include <utility>

#include "engine/store/database.h"
#include "engine/store/schema.h"

namespace appcache::store {
namespace {

// The default limit of SQLite's memdb is 1 GiB. The cache has limits of
// its own.
constexpr sqlite3_int64 kMaxMemoryBytes = sqlite3_int64{1} << 40;

constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                       SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

// secure_delete: Debian's SQLite overwrites deleted data with zeros by default.
// The writer's page cache keeps SQLite's 2 MiB and may spill: a commit may walk
// its whole hash table, which never shrinks.
constexpr char kPragmas[] =
    "PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF;"
    "PRAGMA journal_mode = MEMORY;";

// Keeps letters, digits and a few marks, and encodes the rest; not with
// SQLite's percent signs, because an encoded NUL would end the name. The folder
// is there because memdb does not share a database with an empty name.
std::string UriOf(const std::string& name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri("file:/appcache/");
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
                          c == '.';
    if (is_plain) {
      uri += c;
    } else {
      uri += '~';
      uri += kHex[byte >> 4];
      uri += kHex[byte & 15];
    }
  }
  return uri + "?vfs=memdb";
}

std::string NameInMessages(const std::string& name) {
  return "the in-memory cache \"" + name + "\"";
}

class MemoryDatabase final : public Database {
 public:
  MemoryDatabase(const std::string& name, const DatabaseSettings& settings)
      : Database(std::make_unique<internal::WriterLane>(NameInMessages(name),
                                                        std::nullopt)),
        name_(name),
        busy_timeout_(settings.busy_timeout) {}

  Status Open(std::optional<int64_t> hash_seed) {
    Result<Connection> writer = ConnectInMemory(name_, busy_timeout_);
    if (!writer.ok()) return writer.status();
    Status status = writer->Execute(kPragmas, "set up");
    if (!status.ok()) return status;
    const Result<Contents> contents = InspectOwn(*writer);
    if (!contents.ok()) return contents.status();
    status = *contents == Contents::kNothing
                 ? CreateOwn(*writer, hash_seed)
                 : RefuseUnlessCache(*contents, writer->name());
    return status.ok() ? Adopt(*std::move(writer)) : status;
  }

  bool has_wal() const noexcept override { return false; }
  bool is_persistent() const noexcept override { return false; }
  bool has_own_readers() const noexcept override { return true; }

  Result<Connection> ConnectReader() const override {
    Result<Connection> connection = ConnectInMemory(name_, busy_timeout_);
    if (!connection.ok()) return connection;
    Status status = connection->Execute(kReaderPragmas, "set up");
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
  Result<Connection> connection = Connection::Open(
      UriOf(name), kFlags, "", NameInMessages(name), busy_timeout);
  if (!connection.ok()) return connection;
  sqlite3_int64 limit = kMaxMemoryBytes;
  sqlite3_file_control(connection->get(), "main", SQLITE_FCNTL_SIZE_LIMIT,
                       &limit);
  return connection;
}

OpenedDatabase OpenInMemory(const std::string& name,
                            const DatabaseSettings& settings) {
  auto database = std::make_unique<MemoryDatabase>(name, settings);
  Status status = database->Open(settings.hash_seed);
  if (!status.ok()) return status;
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace appcache::store
