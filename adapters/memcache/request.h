// Request: commands of the text protocol, to be sent as one piece.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appcache::memcache {

// Keys are what WireKey makes of them: nothing else may be sent. All of it
// throws std::bad_alloc.
class Request {
 public:
  // A get of one key more each time, until EndGet.
  void BeginGet() { bytes_ += "get"; }
  void AddKey(std::string_view key) {
    bytes_ += ' ';
    bytes_ += key;
  }
  void EndGet() { End(); }

  // The value is `header` and then `value`.
  void Set(std::string_view key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store("set ", key, exptime, header, value);
  }
  void Add(std::string_view key, int64_t exptime, std::string_view header,
           std::string_view value) {
    Store("add ", key, exptime, header, value);
  }
  void Delete(std::string_view key);
  // `flags` say what of the item, each with a blank before it (" k t v").
  void MetaGet(std::string_view key, std::string_view flags);
  // "version", "flush_all".
  void Plain(std::string_view command);

  const std::string& bytes() const noexcept { return bytes_; }
  // How many commands there are: each is answered by one line, behind the
  // values of a get.
  size_t commands() const noexcept { return commands_; }

  // Keeps some room for the next one.
  void Clear();

 private:
  void End() {
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

#endif  // APPCACHE_ADAPTERS_MEMCACHE_REQUEST_H_
