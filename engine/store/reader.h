// Reader: looks entries up on one connection. Walk: reads all of them in steps.

#ifndef APPCACHE_ENGINE_STORE_READER_H_
#define APPCACHE_ENGINE_STORE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/function_ref.h"
#include "appcache/lookup.h"
#include "engine/policy/eviction_target.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

struct FoundValue {
  Bytes value;
  int64_t expires_at_ms = 0;  // 0: never
};

// A row of a Walk. `value` is empty in a walk over keys.
struct WalkedRow {
  int64_t h = 0;
  int64_t expires_at_ms = 0;
  std::string key;
  int64_t last_used = 0;
  int64_t bytes = 0;
  Bytes value;
};

// Not thread-safe. No function leaves a read transaction open.
class Reader {
 public:
  // `connection` must outlive this object.
  Status Prepare(const Connection& connection);
  // The same, and accepts the tables of an older build without checksums.
  Status PrepareForAnyBuild(const Connection& connection);

  // The entry with this h and key, expired or not. Copies the value once, out
  // of SQLite's page. kCorrupt if the checksum shows damage. Throws
  // std::bad_alloc.
  Lookup<FoundValue> Find(int64_t h, std::string_view key);
  // The same without a copy: calls visit(value, expires_at_ms), which must not
  // use this object; the value is valid during the call. An exception reaches
  // the caller.
  Lookup<size_t> Visit(int64_t h, std::string_view key,
                       FunctionRef<void(std::string_view, int64_t)> visit);
  // Does not read the value, so it cannot verify the checksum.
  Lookup<int64_t> FindExpiry(int64_t h, std::string_view key);

  Result<policy::Counts> ReadCounts();

 private:
  // `make(run)` for the row with this h, if its key (column 1) is `key`.
  template <class V, class Make>
  Lookup<V> FindRow(Statement& statement, int64_t h, std::string_view key,
                    const Make& make);
  // `make(value, expires_at_ms)` for the entry, if it is intact.
  template <class V, class Make>
  Lookup<V> FindIntact(int64_t h, std::string_view key, const Make& make);
  // The statements that read no checksum.
  Status PrepareOthers(const Connection& connection);

  const Connection* connection_ = nullptr;
  Statement get_, get_expiry_, read_meta_;
};

// Reads all rows in steps: in the order of h, or of their last accesses.
class Walk {
 public:
  enum class With { kKeys, kValues, kValuesByAccess };

  // How far a walk has come.
  struct Position {
    int64_t next_h = INT64_MIN;
    // Of the last row, whether it was returned or not.
    int64_t last_used = INT64_MIN;
    int64_t last_h = INT64_MIN;
    uint64_t damaged = 0;
    bool has_ended = false;
  };

  // Reads the rows whose key starts with `prefix`. Accepts the tables of an
  // older build without checksums too, so that a file can be read without a
  // change to it. `connection` and the bytes of `prefix` must outlive this
  // object.
  Status Prepare(const Connection& connection, With with,
                 std::string_view prefix = {});

  // The next rows, often none, read in one short transaction. Throws
  // std::bad_alloc. With values, leaves out damaged rows. Of a row with another
  // prefix, only the key is read.
  Result<std::vector<WalkedRow>> Next();

  bool has_ended() const noexcept { return position_.has_ended; }

  // kCorrupt, with EBADMSG as the native code, if damaged rows were left out so
  // far.
  Status damage() const;

  // Goes on where another walk over the same rows was.
  const Position& position() const noexcept { return position_; }
  void StartAt(const Position& position) noexcept { position_ = position; }

 private:
  const Connection* connection_ = nullptr;
  Statement statement_;
  With with_ = With::kKeys;
  std::string_view prefix_;
  Position position_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_READER_H_
