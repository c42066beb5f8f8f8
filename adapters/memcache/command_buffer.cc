#include "adapters/memcache/command_buffer.h"

#include <cassert>
#include <charconv>

#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {
namespace {

// Clear keeps no more memory than this.
constexpr size_t kMaxKeptBytes = size_t{64} << 10;

}  // namespace

void CommandBuffer::AddKey(std::string_view key) {
  assert(IsValidKey(key));
  bytes_ += ' ';
  bytes_ += key;
}

void CommandBuffer::AppendNumber(int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  bytes_.append(digits, end);
}

void CommandBuffer::Store(std::string_view command, std::string_view key,
                          int64_t exptime, std::string_view header,
                          std::string_view value) {
  assert(IsValidKey(key));
  bytes_ += command;
  bytes_ += key;
  bytes_ += " 0 ";
  AppendNumber(exptime);
  bytes_ += ' ';
  AppendNumber(static_cast<int64_t>(header.size() + value.size()));
  bytes_ += "\r\n";
  bytes_ += header;
  bytes_ += value;
  EndCommand();
}

void CommandBuffer::Delete(std::string_view key) {
  assert(IsValidKey(key));
  bytes_ += "delete ";
  bytes_ += key;
  EndCommand();
}

void CommandBuffer::MetaGet(std::string_view key, std::string_view flags) {
  assert(IsValidKey(key));
  bytes_ += "mg ";
  bytes_ += key;
  bytes_ += flags;
  EndCommand();
}

void CommandBuffer::Keyless(std::string_view command) {
  bytes_ += command;
  EndCommand();
}

void CommandBuffer::Clear() noexcept {
  commands_ = 0;
  bytes_.clear();
  if (bytes_.capacity() > kMaxKeptBytes) bytes_ = std::string();
}

}  // namespace appcache::memcache
