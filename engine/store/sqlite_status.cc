#include "engine/store/sqlite_status.h"

#include <sqlite3.h>

#include <string>

namespace appcache::store {
namespace {

struct Mapping {
  int sqlite_code;
  ErrorCode code;
  std::string_view advice;
};

constexpr Mapping kMappings[] = {
    {SQLITE_NOMEM, ErrorCode::kFull, ""},
    {SQLITE_FULL, ErrorCode::kFull,
     "free space on the disk, or lower max_bytes"},
    {SQLITE_BUSY, ErrorCode::kBusy,
     "another process, or a statement that was not reset, holds it; retry"},
    {SQLITE_LOCKED, ErrorCode::kBusy,
     "a statement of the same connection holds it; reset it and retry"},
    {SQLITE_CORRUPT, ErrorCode::kCorrupt,
     "the next open repairs it or sets it aside"},
    {SQLITE_NOTADB, ErrorCode::kCorrupt, "the next open sets it aside"},
    {SQLITE_TOOBIG, ErrorCode::kTooLarge, ""},
    {SQLITE_IOERR, ErrorCode::kUnavailable,
     "the disk or its file system failed"},
    {SQLITE_CANTOPEN, ErrorCode::kUnavailable,
     "check that its directory exists and that this user may write to it"},
    {SQLITE_PERM, ErrorCode::kUnavailable, "check the file's permissions"},
    {SQLITE_READONLY, ErrorCode::kUnavailable,
     "the file and its directory must be writable"},
    {SQLITE_AUTH, ErrorCode::kUnavailable,
     "the connection's authorizer refused it"},
    {SQLITE_INTERRUPT, ErrorCode::kUnavailable, "it was interrupted"},
    {SQLITE_PROTOCOL, ErrorCode::kBusy, "retry"},
    {SQLITE_NOLFS, ErrorCode::kUnavailable,
     "the file system does not support large files"},
};

const Mapping* Find(int sqlite_code) noexcept {
  for (const Mapping& mapping : kMappings) {
    if (mapping.sqlite_code == (sqlite_code & 0xff)) return &mapping;
  }
  return nullptr;
}

}  // namespace

ErrorCode CodeOf(int sqlite_code) noexcept {
  // I/O errors that were caused by exhausted memory, and by a full disk: it has
  // no space for the index of the log.
  if (sqlite_code == SQLITE_IOERR_NOMEM ||
      sqlite_code == SQLITE_IOERR_SHMSIZE) {
    return ErrorCode::kFull;
  }
  const Mapping* const mapping = Find(sqlite_code);
  return mapping ? mapping->code : ErrorCode::kInternal;
}

Status SqliteStatus(int sqlite_code, sqlite3* db, std::string_view operation,
                    std::string_view database) {
  int code = sqlite_code;
  std::string_view words = sqlite3_errstr(sqlite_code);
  if (db != nullptr && (sqlite3_errcode(db) & 0xff) == (sqlite_code & 0xff)) {
    code = sqlite3_extended_errcode(db);
    words = sqlite3_errmsg(db);
  }
  std::string message("cannot ");
  message.append(operation).append(" ").append(database).append(": ");
  message.append(words);
  const Mapping* const mapping = Find(code);
  if (mapping != nullptr && !mapping->advice.empty()) {
    message.append("; ").append(mapping->advice);
  }
  return Status(CodeOf(code), std::move(message), code);
}

}  // namespace appcache::store
