#include "adapters/memcache/timed_gets.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "adapters/memcache/item.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

// "kKEY t30": what a reply says of its item. There are flags beside that nobody
// asked for when another program has marked the item as stale.
struct Flags {
  std::optional<std::string_view> key;
  std::optional<int64_t> seconds;
};

// None for a number that is none.
std::optional<int64_t> ToSeconds(std::string_view digits) {
  int64_t seconds = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, seconds);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return seconds;
}

Flags Parse(std::string_view text) {
  Flags flags;
  while (!text.empty()) {
    const std::string_view flag = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(flag.size() + 1, text.size()));
    if (flag.starts_with('k')) flags.key = flag.substr(1);
    if (flag.starts_with('t')) flags.seconds = ToSeconds(flag.substr(1));
  }
  return flags;
}

}  // namespace

void TimedGets::Ask(Request& request) {
  next_ = 0;
  for (size_t i = 0; i < keys_.size(); ++i) {
    found_[i] = Lookup<TimedBytes>::Miss();
    request.MetaGet(keys_[i].view(), AsksForItem(keys_[i]) ? " k t v" : " k t");
  }
}

Lookup<TimedBytes> TimedGets::ToTimed(Reply& reply, const WireKey& key,
                                      Ttl left) const {
  if (!AsksForItem(key)) return Lookup<TimedBytes>::Hit({Bytes(), left});
  Lookup<Bytes> value = ToLookup(std::move(reply.bytes), key, server_);
  if (value) return Lookup<TimedBytes>::Hit({*std::move(value), left});
  return value.has_error() ? Lookup<TimedBytes>::Failed(value.status())
                           : Lookup<TimedBytes>::Miss();
}

bool TimedGets::Take(Reply& reply) {
  const WireKey& key = keys_[next_];
  Lookup<TimedBytes>& found = found_[next_++];
  if (reply.type == Type::kError) {
    found = Lookup<TimedBytes>::Failed(ServerError(reply.text, server_));
    return true;
  }
  const Flags flags = Parse(reply.text);
  // memcached 1.6.18 adds the key to a miss; protocol.txt does not say so.
  if (reply.type == Type::kMetaMiss) {
    return flags.key.value_or(key.view()) == key.view();
  }
  const Type expected = AsksForItem(key) ? Type::kMetaValue : Type::kMeta;
  if (reply.type != expected || flags.key != key.view() || !flags.seconds) {
    return false;
  }
  found = ToTimed(reply, key, LeftOf(*flags.seconds));
  return true;
}

}  // namespace appcache::memcache
