#include "adapters/lmdb/schema.h"

#include <string_view>

#include "adapters/lmdb/rows.h"
#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

// A row of the main table. A change that older versions cannot read takes the
// next number.
constexpr std::string_view kKey = "schema";
constexpr std::string_view kSchema = "appcache 1";
constexpr std::string_view kOurPrefix = "appcache ";

Status Refuse(const std::string& directory, std::string_view schema) {
  if (!schema.starts_with(kOurPrefix)) return NotOurs(directory);
  return Status(ErrorCode::kUnsupported,
                "cannot open the LMDB cache " + directory +
                    ": another version of appcache wrote it, with another "
                    "format; use that version, or another directory");
}

}  // namespace

int StoreSchema(MDB_txn* txn, const Tables& tables) {
  MDB_val key = ToVal(kKey);
  MDB_val value = ToVal(kSchema);
  return mdb_put(txn, tables.entries, &key, &value, 0);
}

Status OpenTables(MDB_txn* txn, const std::string& directory, Tables& tables) {
  MDB_stat stat;
  int rc = mdb_dbi_open(txn, nullptr, 0, &tables.entries);
  if (rc == 0) rc = mdb_stat(txn, tables.entries, &stat);
  if (rc != 0) return Failure(rc, "open", directory);
  if (stat.ms_entries == 0) {
    rc = StoreSchema(txn, tables);
  } else {
    MDB_val key = ToVal(kKey);
    MDB_val value;
    rc = mdb_get(txn, tables.entries, &key, &value);
    if (rc == MDB_NOTFOUND) return Refuse(directory, {});
    if (rc == 0 && ToView(value) != kSchema) {
      return Refuse(directory, ToView(value));
    }
  }
  if (rc == 0) rc = mdb_dbi_open(txn, "order", MDB_CREATE, &tables.order);
  if (rc == 0) rc = mdb_dbi_open(txn, "ends", MDB_CREATE, &tables.expiries);
  return rc == 0 ? Status() : Failure(rc, "open", directory);
}

}  // namespace appcache::lmdb
