#include "adapters/memcache/command_buffer.h"

#include <cassert>
#include <charconv>

namespace appcache::memcache {
namespace {

// Clear keeps no more memory than this.
constexpr size_t kMaxKeptBytes = size_t{64} << 10;

}  // namespace

void CommandBuffer::AddKey(const WireKey& key) {
  assert(!key.is_base64());
  bytes_ += ' ';
  key.AppendTo(bytes_);
}

void CommandBuffer::AppendNumber(int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  bytes_.append(digits, end);
}

void CommandBuffer::AppendBase64Flags(const WireKey& key) {
  has_base64_keys_ = true;
  bytes_ += " b O";
  bytes_ += key.Token();
}

void CommandBuffer::StoreText(Mode mode, const WireKey& key, int64_t exptime,
                              size_t bytes) {
  bytes_ += mode == Mode::kAdd ? "add " : "set ";
  key.AppendTo(bytes_);
  bytes_ += " 0 ";
  AppendNumber(exptime);
  bytes_ += ' ';
  AppendNumber(static_cast<int64_t>(bytes));
}

// Without the flag F, the flags of the item are 0.
void CommandBuffer::StoreMeta(Mode mode, const WireKey& key, int64_t exptime,
                              size_t bytes) {
  bytes_ += "ms ";
  key.AppendTo(bytes_);
  bytes_ += ' ';
  AppendNumber(static_cast<int64_t>(bytes));
  AppendBase64Flags(key);
  bytes_ += " T";
  AppendNumber(exptime);
  if (mode == Mode::kAdd) bytes_ += " ME";
}

void CommandBuffer::Store(Mode mode, const WireKey& key, int64_t exptime,
                          std::string_view header, std::string_view value) {
  const size_t bytes = header.size() + value.size();
  if (key.is_base64()) {
    StoreMeta(mode, key, exptime, bytes);
  } else {
    StoreText(mode, key, exptime, bytes);
  }
  bytes_ += "\r\n";
  bytes_ += header;
  bytes_ += value;
  EndCommand();
}

void CommandBuffer::Delete(const WireKey& key) {
  bytes_ += key.is_base64() ? "md " : "delete ";
  key.AppendTo(bytes_);
  if (key.is_base64()) AppendBase64Flags(key);
  EndCommand();
}

void CommandBuffer::Touch(const WireKey& key, int64_t exptime) {
  bytes_ += key.is_base64() ? "mg " : "touch ";
  key.AppendTo(bytes_);
  if (key.is_base64()) AppendBase64Flags(key);
  bytes_ += key.is_base64() ? " T" : " ";
  AppendNumber(exptime);
  EndCommand();
}

void CommandBuffer::MetaGet(const WireKey& key, std::string_view flags) {
  bytes_ += "mg ";
  key.AppendTo(bytes_);
  if (key.is_base64()) {
    AppendBase64Flags(key);
  } else {
    bytes_ += " k";
  }
  bytes_ += flags;
  EndCommand();
}

void CommandBuffer::Keyless(std::string_view command) {
  bytes_ += command;
  EndCommand();
}

void CommandBuffer::Clear() noexcept {
  commands_ = 0;
  has_base64_keys_ = false;
  bytes_.clear();
  if (bytes_.capacity() > kMaxKeptBytes) bytes_ = std::string();
}

}  // namespace appcache::memcache
