#include "adapters/lmdb/status.h"

#include <lmdb.h>

#include <cerrno>
#include <utility>

namespace appcache::lmdb {
namespace {

struct Meaning {
  ErrorCode code;
  const char* advice;
};

Meaning MeaningOf(int rc) {
  switch (rc) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
      return {ErrorCode::kFull, "allow more max_bytes"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {ErrorCode::kFull, "the disk is full, or what this user may use"};
    case ENOMEM:
      return {ErrorCode::kFull, "memory is exhausted"};
    case MDB_READERS_FULL:
      return {ErrorCode::kBusy, "too many reads at once; try again"};
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {ErrorCode::kCorrupt,
              "it is damaged: remove the directory while no process uses it"};
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
      return {ErrorCode::kUnsupported,
              "another version wrote it, or another program; it is not "
              "touched"};
    case MDB_PANIC:
      return {ErrorCode::kUnavailable,
              "a write failed half-way: close the cache, and open it again"};
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_BAD_RSLOT:
    case MDB_BAD_VALSIZE:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_KEYEXIST:
    case MDB_NOTFOUND:
    case MDB_DBS_FULL:
    case EINVAL:
      return {ErrorCode::kInternal, "please report it"};
    default:
      return {ErrorCode::kUnavailable,
              "see that the directory is there and writable, and the disk in "
              "order"};
  }
}

}  // namespace

bool IsFull(int rc) noexcept {
  return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL || rc == ENOSPC ||
         rc == EDQUOT || rc == EFBIG;
}

Status Failure(int rc, std::string_view operation,
               const std::string& directory) {
  const auto [code, advice] = MeaningOf(rc);
  std::string message("cannot ");
  message.append(operation).append(" the LMDB cache ").append(directory);
  message.append(": ").append(mdb_strerror(rc)).append("; ").append(advice);
  return Status(code, std::move(message), rc);
}

}  // namespace appcache::lmdb
