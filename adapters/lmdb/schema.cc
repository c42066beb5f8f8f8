#include "adapters/lmdb/schema.h"

#include <string_view>

#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

// In the table of tables. A change that older versions cannot read takes the
// next number.
constexpr std::string_view kKey = "schema";
constexpr std::string_view kSchema = "appcache 1";
constexpr std::string_view kOurs = "appcache ";

int StoreIn(MDB_txn* txn, MDB_dbi main) {
  MDB_val key = ToVal(kKey);
  MDB_val value = ToVal(kSchema);
  return mdb_put(txn, main, &key, &value, 0);
}

Status Refuse(const std::string& directory, std::string_view schema) {
  std::string message(directory);
  if (schema.starts_with(kOurs)) {
    message.append(
        " is a cache of another version, which this one does not "
        "read: use that one, or another directory");
  } else {
    message.append(
        " holds an LMDB database that is not appcache's, and it is "
        "not touched; use another directory");
  }
  return Status(ErrorCode::kUnsupported, std::move(message));
}

}  // namespace

int StoreSchema(MDB_txn* txn) {
  MDB_dbi main = 0;
  const int rc = mdb_dbi_open(txn, nullptr, 0, &main);
  return rc == 0 ? StoreIn(txn, main) : rc;
}

Status OpenTables(MDB_txn* txn, const std::string& directory, Tables& tables) {
  MDB_dbi main = 0;
  MDB_stat stat;
  int rc = mdb_dbi_open(txn, nullptr, 0, &main);
  if (rc == 0) rc = mdb_stat(txn, main, &stat);
  if (rc != 0) return Failure(rc, "open", directory);
  if (stat.ms_entries == 0) {
    rc = StoreIn(txn, main);
  } else {
    MDB_val key = ToVal(kKey);
    MDB_val value;
    rc = mdb_get(txn, main, &key, &value);
    if (rc == MDB_NOTFOUND) return Refuse(directory, {});
    if (rc == 0 && ToView(value) != kSchema) {
      return Refuse(directory, ToView(value));
    }
  }
  if (rc == 0) rc = mdb_dbi_open(txn, "entries", MDB_CREATE, &tables.entries);
  if (rc == 0) rc = mdb_dbi_open(txn, "order", MDB_CREATE, &tables.order);
  if (rc == 0) rc = mdb_dbi_open(txn, "ends", MDB_CREATE, &tables.ends);
  return rc == 0 ? Status() : Failure(rc, "open", directory);
}

}  // namespace appcache::lmdb
