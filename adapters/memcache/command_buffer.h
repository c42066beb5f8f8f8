// CommandBuffer: commands of the text protocol, to be sent in one piece.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_
#define APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appcache::memcache {

// Every key must be the view() of a WireKey: with other bytes in a key, the
// server would read further commands from it. Functions that append throw
// std::bad_alloc. Not thread-safe.
class CommandBuffer {
 public:
  // A get of several keys: BeginGet, AddKey for each key, EndGet.
  void BeginGet() { bytes_ += "get"; }
  void AddKey(std::string_view key);
  void EndGet() { EndCommand(); }

  // Sets or adds an item that consists of `header` and `value`. `exptime` is as
  // Memcached counts it (exptime.h).
  void Set(std::string_view key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store("set ", key, exptime, header, value);
  }
  void Add(std::string_view key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store("add ", key, exptime, header, value);
  }
  void Delete(std::string_view key);
  // A meta get. `flags` name what the reply contains, each after a blank:
  // " k t v".
  void MetaGet(std::string_view key, std::string_view flags);
  // A command without a key: "version", "flush_all".
  void Keyless(std::string_view command);

  const std::string& bytes() const noexcept { return bytes_; }
  // The number of commands. The reply to each ends with one line that is not a
  // VALUE line.
  size_t commands() const noexcept { return commands_; }

  // Empties the buffer, and keeps some of its memory for the next commands.
  void Clear() noexcept;

 private:
  void EndCommand() {
    bytes_ += "\r\n";
    ++commands_;
  }
  void Store(std::string_view command, std::string_view key, int64_t exptime,
             std::string_view header, std::string_view value);
  void AppendNumber(int64_t number);

  std::string bytes_;
  size_t commands_ = 0;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_COMMAND_BUFFER_H_
