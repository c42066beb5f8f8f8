#include "adapters/memcache/timed_get_request.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "adapters/memcache/exptime.h"
#include "adapters/memcache/item.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

// The flags of a reply, such as "kKEY t30 f0".
struct Flags {
  std::optional<std::string_view> key;
  std::optional<int64_t> seconds;
  std::optional<uint32_t> client = 0;  // those of the client that wrote it
};

template <class T>
std::optional<T> ParseNumber(std::string_view digits) {
  T number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

// Ignores other flags: the server adds some when another program has marked the
// item as stale.
Flags ParseFlags(std::string_view text) {
  Flags flags;
  while (!text.empty()) {
    const std::string_view flag = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(flag.size() + 1, text.size()));
    if (flag.starts_with('k')) flags.key = flag.substr(1);
    if (flag.starts_with('t'))
      flags.seconds = ParseNumber<int64_t>(flag.substr(1));
    if (flag.starts_with('f'))
      flags.client = ParseNumber<uint32_t>(flag.substr(1));
  }
  return flags;
}

}  // namespace

void TimedGetRequest::AppendCommands(CommandBuffer& commands) {
  next_ = 0;
  for (const GetItem<TimedBytes>& item : items_) {
    *item.found = Lookup<TimedBytes>::Miss();
    commands.MetaGet(item.key.view(),
                     FetchesItem(item.key) ? " k t f v" : " k t");
  }
}

Lookup<TimedBytes> TimedGetRequest::ToTimed(Reply& reply, uint32_t flags,
                                            const WireKey& key,
                                            Ttl remaining) const {
  if (!FetchesItem(key)) return Lookup<TimedBytes>::Hit({Bytes(), remaining});
  return ToLookup(std::move(reply.bytes), flags, key, max_inflated_bytes_,
                  server_)
      .Map([remaining](Bytes&& value) {
        return TimedBytes{std::move(value), remaining};
      });
}

bool TimedGetRequest::HandleReply(Reply& reply) {
  assert(next_ < items_.size());
  const WireKey& key = items_[next_].key;
  Lookup<TimedBytes>& found = *items_[next_].found;
  ++next_;
  if (reply.type == Type::kError) {
    found = Lookup<TimedBytes>::Failed(ServerError(reply.text, server_));
    return true;
  }
  const Flags flags = ParseFlags(reply.text);
  // memcached 1.6.18 adds the key to a miss; protocol.txt does not say so.
  if (reply.type == Type::kMetaMiss) {
    return flags.key.value_or(key.view()) == key.view();
  }
  const Type expected = FetchesItem(key) ? Type::kMetaValue : Type::kMeta;
  if (reply.type != expected || flags.key != key.view() || !flags.seconds ||
      !flags.client) {
    return false;
  }
  found = ToTimed(reply, *flags.client, key, RemainingTtl(*flags.seconds));
  return true;
}

}  // namespace appcache::memcache
