#include "adapters/lmdb/status.h"

#include <lmdb.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace appcache::lmdb {
namespace {

struct Explanation {
  ErrorCode code;
  const char* advice;
};

Explanation Explain(int rc) {
  switch (rc) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
      return {ErrorCode::kFull, "raise max_bytes"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {
          ErrorCode::kFull,
          "the disk is full, or this user's quota; delete files to make room"};
    case ENOMEM:
      return {ErrorCode::kFull, "memory or address space is exhausted"};
    case MDB_READERS_FULL:
      return {ErrorCode::kBusy,
              "too many reads run at the same time; try again"};
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {ErrorCode::kCorrupt,
              "the database is damaged: remove the directory while no process "
              "uses it"};
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
      return {ErrorCode::kUnsupported,
              "another version of LMDB or another program wrote it: use "
              "another directory"};
    case MDB_PANIC:
      return {ErrorCode::kUnavailable,
              "an earlier failure left it unusable: close the cache and open "
              "it again"};
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
      return {ErrorCode::kInternal,
              "this is a bug in appcache: please report it"};
    default:
      return {ErrorCode::kUnavailable,
              "check that the directory exists and is writable, and that the "
              "disk works"};
  }
}

}  // namespace

Status Failure(int rc, std::string_view operation,
               const std::string& directory) {
  assert(rc != 0);
  const auto [code, advice] = Explain(rc);
  std::string message("cannot ");
  message.append(operation).append(" the LMDB cache ").append(directory);
  message.append(": ").append(mdb_strerror(rc)).append("; ").append(advice);
  return Status(code, std::move(message), rc);
}

Status NotOurs(const std::string& directory) {
  return Status(ErrorCode::kUnsupported,
                "cannot open the LMDB cache " + directory +
                    ": it holds an LMDB database that is not appcache's; use "
                    "another directory");
}

bool IsFull(int rc) noexcept {
  return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL || rc == ENOSPC ||
         rc == EDQUOT || rc == EFBIG;
}

}  // namespace appcache::lmdb
