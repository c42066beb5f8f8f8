// A database behind a connection that the caller owns.

#include <sqlite3.h>

#include <string>
#include <utility>

#include "engine/store/database.h"
#include "engine/store/schema.h"

namespace appcache::store {
namespace {

bool IsFile(sqlite3* connection) {
  const char* const file = sqlite3_db_filename(connection, "main");
  return file != nullptr && *file != '\0';
}

std::string NameInMessages(sqlite3* connection) {
  return IsFile(connection) ? sqlite3_db_filename(connection, "main")
                            : "the caller's in-memory database";
}

class BorrowedDatabase final : public Database {
 public:
  explicit BorrowedDatabase(sqlite3* connection)
      : Database(std::make_unique<internal::WriterLane>(
            NameInMessages(connection), std::nullopt,
            /*writes_files=*/IsFile(connection))),
        connection_(connection),
        is_persistent_(IsFile(connection)) {}

  Status Open(std::optional<int64_t> hash_seed) {
    Connection writer = Borrowed();
    const Result<Contents> contents = InspectBorrowed(writer);
    if (!contents.ok()) return contents.status();
    Status status = *contents == Contents::kNothing
                        ? CreateBorrowed(writer, hash_seed)
                        : RefuseUnlessCache(*contents, writer.name());
    if (status.ok()) status = AddChecksums(writer);
    return status.ok() ? Adopt(std::move(writer)) : status;
  }

  // Its owner checkpoints the log, if there is one.
  bool has_wal() const noexcept override { return false; }
  bool is_persistent() const noexcept override { return is_persistent_; }
  bool has_own_readers() const noexcept override { return false; }

  Result<Connection> ConnectReader() const override { return Borrowed(); }

 private:
  Connection Borrowed() const {
    return Connection::Borrow(connection_, NameInMessages(connection_));
  }

  sqlite3* const connection_;
  const bool is_persistent_;
};

}  // namespace

OpenedDatabase Borrow(sqlite3* connection, const DatabaseSettings& settings) {
  assert(connection != nullptr);
  auto database = std::make_unique<BorrowedDatabase>(connection);
  Status status = database->Open(settings.hash_seed);
  if (!status.ok()) return status;
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace appcache::store
