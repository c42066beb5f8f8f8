#include "adapters/memcache/request.h"

#include <charconv>

namespace appcache::memcache {
namespace {

constexpr size_t kMaxKeptBytes = size_t{64} << 10;

}  // namespace

void Request::AppendNumber(int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  bytes_.append(digits, end);
}

void Request::Store(std::string_view command, std::string_view key,
                    int64_t exptime, std::string_view header,
                    std::string_view value) {
  bytes_ += command;
  bytes_ += key;
  bytes_ += " 0 ";
  AppendNumber(exptime);
  bytes_ += ' ';
  AppendNumber(static_cast<int64_t>(header.size() + value.size()));
  bytes_ += "\r\n";
  bytes_ += header;
  bytes_ += value;
  End();
}

void Request::Delete(std::string_view key) {
  bytes_ += "delete ";
  bytes_ += key;
  End();
}

void Request::MetaGet(std::string_view key, std::string_view flags) {
  bytes_ += "mg ";
  bytes_ += key;
  bytes_ += flags;
  End();
}

void Request::Plain(std::string_view command) {
  bytes_ += command;
  End();
}

void Request::Clear() {
  commands_ = 0;
  bytes_.clear();
  if (bytes_.capacity() > kMaxKeptBytes) bytes_ = std::string();
}

}  // namespace appcache::memcache
