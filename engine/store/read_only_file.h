// Reads a cache file and writes nothing: a snapshot, or a cache that may be in
// use, or that this user may not write to.

#ifndef APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_
#define APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/reader.h"

namespace appcache::store {

// Whether there is a file at the path that is not empty.
bool HasBytes(const std::string& path) noexcept;

// A connection that only reads the database at `path`, and creates nothing
// beside it unless its last user was killed. Does not look at the contents.
// `vfs` may be empty. Waits for a recovery of the log at most `busy_timeout`.
// Throws std::bad_alloc.
Result<Connection> ConnectReadOnly(
    const std::string& path, const std::string& vfs,
    std::chrono::milliseconds busy_timeout = std::chrono::milliseconds(0));

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

// A connection that reads a cache file, and its statements. Between calls it
// holds no lock, so writers, other openers and whoever replaces the file need
// not wait; CheckCurrent notices what SQLite does not. Not thread-safe.
class FileView {
 public:
  // Errors: those of ConnectToRead; kCorrupt only for what the header, the
  // schema and meta show, because the other pages are not checked.
  static Result<std::unique_ptr<FileView>> Open(
      const std::string& path, const std::string& vfs,
      std::chrono::milliseconds busy_timeout);
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;

  // Whether what was read since Open was the file at the path. Otherwise kBusy:
  // it was removed or replaced, or it was read without locks and has changed.
  // Then the results must not be used, and neither must this object.
  Status CheckCurrent() const;

  const Connection& connection() const noexcept { return connection_; }
  Reader& reader() noexcept { return reader_; }
  int64_t hash_seed() const noexcept { return hash_seed_; }

 private:
  FileView() = default;

  std::string path_;
  FileState opened_;
  int64_t hash_seed_ = 0;
  Connection connection_;
  Reader reader_;  // destroyed before the connection
};

// Starts a read transaction that sees the database of this moment. It ends with
// the connection.
Status StartReading(const Connection& connection);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_READ_ONLY_FILE_H_
