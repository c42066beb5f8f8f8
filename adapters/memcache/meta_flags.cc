#include "adapters/memcache/meta_flags.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace appcache::memcache {
namespace {

template <class T>
std::optional<T> ParseNumber(std::string_view digits) {
  T number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace

MetaFlags ParseMetaFlags(std::string_view text) {
  MetaFlags flags;
  while (!text.empty()) {
    const std::string_view flag = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(flag.size() + 1, text.size()));
    if (flag.starts_with('k')) flags.key = flag.substr(1);
    if (flag.starts_with('O')) flags.token = flag.substr(1);
    if (flag.starts_with('t'))
      flags.seconds = ParseNumber<int64_t>(flag.substr(1));
    if (flag.starts_with('f'))
      flags.client = ParseNumber<uint32_t>(flag.substr(1));
  }
  return flags;
}

bool Names(const MetaFlags& flags, const WireKey& key) {
  return key.is_base64() ? flags.token == key.Token() : flags.key == key.view();
}

bool MayName(const MetaFlags& flags, const WireKey& key) {
  const bool names_any =
      key.is_base64() ? flags.token.has_value() : flags.key.has_value();
  return !names_any || Names(flags, key);
}

bool IsWriteReply(const Reply& reply, const WireKey& key, Reply::Type text,
                  Reply::Type meta) {
  if (!key.is_base64()) return reply.type == text;
  return reply.type == meta && Names(ParseMetaFlags(reply.text), key);
}

bool IsDeleteReply(const Reply& reply, const WireKey& key) {
  using Type = Reply::Type;
  return IsWriteReply(reply, key, Type::kDeleted, Type::kMeta) ||
         IsWriteReply(reply, key, Type::kNotFound, Type::kMetaNotFound);
}

}  // namespace appcache::memcache
