// CommandBuffer: commands of the text protocol, to be sent in one piece.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_
#define APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {

// Keys are sent by WireKey::AppendTo: with other bytes in a key, the server
// would read further commands from it. A key in base64 takes the meta command
// in the place of the command of the text protocol; only a server that knows it
// may be sent that (connection.h). Functions that append throw std::bad_alloc.
// Not thread-safe.
class CommandBuffer {
 public:
  // A get of several keys: BeginGet, AddKey for each key, EndGet.
  // REQUIRES: no key is in base64; MetaGet is for those.
  void BeginGet() { bytes_ += "get"; }
  void AddKey(const WireKey& key);
  void EndGet() { EndCommand(); }

  // Sets or adds an item that consists of `header` and `value`. `exptime` is as
  // Memcached counts it (exptime.h).
  void Set(const WireKey& key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store(Mode::kSet, key, exptime, header, value);
  }
  void Add(const WireKey& key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store(Mode::kAdd, key, exptime, header, value);
  }
  void Delete(const WireKey& key);
  // Sets the exptime of an item. A key in base64 takes a meta get with flag T,
  // because touch has no base64.
  void Touch(const WireKey& key, int64_t exptime);
  // A meta get. `flags` name what the reply contains besides the key or its
  // token, each after a blank: " t v".
  void MetaGet(const WireKey& key, std::string_view flags);
  // A command without a key: "version", "flush_all".
  void Keyless(std::string_view command);

  const std::string& bytes() const noexcept { return bytes_; }
  // The number of commands. The reply to each ends with one line that is not a
  // VALUE line.
  size_t commands() const noexcept { return commands_; }
  // Whether any of the commands has a key in base64.
  bool has_base64_keys() const noexcept { return has_base64_keys_; }

  // Empties the buffer, and keeps some of its memory for the next commands.
  void Clear() noexcept;

 private:
  void EndCommand() {
    bytes_ += "\r\n";
    ++commands_;
  }
  enum class Mode { kSet, kAdd };
  void Store(Mode mode, const WireKey& key, int64_t exptime,
             std::string_view header, std::string_view value);
  // These append everything up to the value.
  void StoreText(Mode mode, const WireKey& key, int64_t exptime, size_t bytes);
  void StoreMeta(Mode mode, const WireKey& key, int64_t exptime, size_t bytes);
  // The flags of a meta command with a key in base64. Each such command has
  // them.
  void AppendBase64Flags(const WireKey& key);
  void AppendNumber(int64_t number);

  std::string bytes_;
  size_t commands_ = 0;
  bool has_base64_keys_ = false;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_
