// FileSpace: gives a database file the disk space of its pages before they are
// committed to the log.
//
// A checkpoint copies pages from the log into the file. If it found no space
// there, a full disk could not be left: the log could not restart, so nothing
// could be removed either. With this, what needs space fails before it is
// committed, and a checkpoint needs none.

#ifndef APPCACHE_ENGINE_STORE_FILE_SPACE_H_
#define APPCACHE_ENGINE_STORE_FILE_SPACE_H_

#include <cstdint>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

// Not thread-safe: belongs to the holder of the writer lock.
class FileSpace {
 public:
  // The file grows by this.
  static constexpr int64_t kChunkBytes = int64_t{64} << 10;

  // Covers the file of `connection`, which must outlive this object. Until
  // then, Cover does nothing.
  Status Watch(const Connection& connection);

  // Allocates space for all pages of the database. kFull when the disk is full.
  // Does nothing where the VFS does not support it. Call within a write
  // transaction, after its last change of rows.
  Status Cover();

  // Call when others may have written: their checkpoints may have shortened the
  // file.
  void Forget() noexcept { covered_bytes_ = 0; }

 private:
  const Connection* connection_ = nullptr;
  Statement count_pages_;
  int64_t page_bytes_ = 0;
  int64_t covered_bytes_ = 0;  // for which space was allocated
};

// Whether a write has failed for want of disk space (and not of memory).
bool IsDiskFull(const Status& status) noexcept;

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_FILE_SPACE_H_
