// Reads a cache file and writes nothing: a snapshot, or a cache that may be in
// use.

#ifndef APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_
#define APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_

#include <cstdint>
#include <string>

#include "appcache/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// Whether there is a file at the path that is not empty.
bool HasBytes(const std::string& path) noexcept;

// A connection that only reads the database at `path`, and creates nothing
// beside it unless its last user was killed. Does not look at the contents.
// `vfs` may be empty. Throws std::bad_alloc.
Result<Connection> ConnectReadOnly(const std::string& path,
                                   const std::string& vfs);

// The same for a cache file, after a check of every page. Errors: kUnavailable
// (no such file, permissions), kUnsupported (not an appcache, or a newer
// version), kCorrupt.
Result<Connection> ConnectToRead(const std::string& path,
                                 const std::string& vfs);

// What changes when somebody writes to a file. Zeros when there is none.
struct FileState {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_s = 0;
  int64_t modified_ns = 0;

  static FileState Of(const std::string& path) noexcept;
  friend bool operator==(const FileState&, const FileState&) = default;
};

// kBusy if the file was read without locks, because SQLite would have created a
// log for them, and has changed since it was `before`.
Status CheckUnchanged(const Connection& connection, const std::string& path,
                      const FileState& before);

// Starts a read transaction that sees the database of this moment. It ends with
// the connection.
Status StartReading(const Connection& connection);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_
