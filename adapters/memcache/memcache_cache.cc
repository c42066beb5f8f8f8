#include "adapters/memcache/memcache_cache.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "adapters/memcache/conversations.h"
#include "adapters/memcache/item.h"
#include "adapters/memcache/servers.h"
#include "adapters/memcache/timed_gets.h"
#include "adapters/memcache/wire_key.h"
#include "adapters/net/settings.h"
#include "engine/backend_counters.h"

namespace appcache {
namespace {

using memcache::Gets;
using memcache::Servers;
using memcache::SetItem;
using memcache::Share;
using memcache::TimedGets;
using memcache::WireKey;

constexpr uint64_t kMaxPathBytes = uint64_t{256} << 10;

uint64_t MaxPathBytes(const MemcacheCacheOptions& options) {
  return std::min(kMaxPathBytes, options.max_item_bytes / 4);
}

BackendTraits TraitsOf(const MemcacheCacheOptions& options,
                       const Servers& servers) {
  BackendTraits traits;
  traits.name = "memcached";
  traits.location = servers.Location();
  traits.cleared = "everything that anyone has stored on " + traits.location +
                   " (flush_all)";
  traits.ttl_resolution = std::chrono::seconds(1);
  traits.tells_ttl = true;
  traits.adds = true;
  traits.max_key_bytes = MaxPathBytes(options);
  traits.max_value_bytes = memcache::MaxValueBytes(options.max_item_bytes);
  traits.is_shared = true;
  traits.is_persistent = true;  // until the servers end
  traits.limits = net::Settings{options.timeout, options.connect_timeout,
                                options.max_connections}
                      .ToLimits();
  traits.limits.emplace_back("max_item_bytes",
                             std::to_string(options.max_item_bytes));
  return traits;
}

// What goes to one server of a batch, and where in the batch it stands.
template <class Item>
struct Part {
  size_t server;
  std::vector<Item> items = {};
  std::vector<size_t> places = {};
};

const WireKey& KeyOf(const WireKey& key) { return key; }
const WireKey& KeyOf(const SetItem& item) { return item.key; }

// The parts of a batch of `count`, of those servers that have any.
template <class Item, class MakeItem>
std::vector<Part<Item>> Split(const Servers& servers, size_t count,
                              const MakeItem& make_item) {
  std::vector<Part<Item>> parts;
  for (size_t server = 0; server < servers.size(); ++server) {
    parts.push_back({server});
  }
  for (size_t place = 0; place < count; ++place) {
    Item item = make_item(place);
    Part<Item>& part = parts[servers.ServerOf(KeyOf(item).view())];
    part.items.push_back(std::move(item));
    part.places.push_back(place);
  }
  std::erase_if(parts,
                [](const Part<Item>& part) { return part.items.empty(); });
  return parts;
}

// Of the clock that an absolute end is told by.
TimePoint WallNow() {
  return std::chrono::time_point_cast<TimePoint::duration>(
      std::chrono::system_clock::now());
}

void KeepFirst(Status& first, const Status& next) {
  if (first.ok()) first = next;
}

}  // namespace

struct MemcacheCache::State {
  Status CheckPath(std::string_view path) const {
    if (path.size() <= traits.max_key_bytes) return Status();
    return Status(ErrorCode::kInvalidKey,
                  "a key path of " + std::to_string(path.size()) +
                      " bytes is longer than a MemcacheCache takes: " +
                      std::to_string(traits.max_key_bytes));
  }

  SetItem ToItem(const RawEntry& entry, TimePoint now) const {
    const WireKey key(entry.path);
    return {key, entry.value, memcache::ExpTime(entry.ttl, now),
            memcache::ItemBytes(key, entry.value.size()) > max_item_bytes};
  }

  // What a conversation of type Asking finds of one key, or of each.
  template <class Asking, class V, class... Options>
  Lookup<V> GetOne(std::string_view path, Options... options);
  template <class Asking, class V>
  std::vector<Lookup<V>> GetMany(std::span<const std::string_view> paths);
  // `found` holds as many misses as there are paths.
  template <class Asking, class V>
  Status GetMany(std::span<const std::string_view> paths,
                 std::vector<Lookup<V>>& found);
  // `failed` counts entries.
  Status SetMany(std::span<const RawEntry> entries, uint64_t& failed);
  // True when it was added.
  Result<bool> Add(const RawEntry& entry);
  Status InvalidateMany(std::span<const std::string_view> paths,
                        uint64_t& failed);

  // The same command to every server. `texts` are their answers.
  Status AskAll(std::string_view command, memcache::Reply::Type expected,
                Servers::Repeat repeat, std::vector<std::string>& texts);

  std::unique_ptr<Servers> servers;
  BackendTraits traits;
  uint64_t max_item_bytes;
  BackendCounters counters = {};
};

template <class Asking, class V, class... Options>
Lookup<V> MemcacheCache::State::GetOne(std::string_view path,
                                       Options... options) {
  return WithoutExceptions<Lookup<V>>([&] {
    Status status = CheckPath(path);
    Lookup<V> found = Lookup<V>::Miss();
    if (status.ok()) {
      const WireKey key(path);
      const size_t server = servers->ServerOf(key.view());
      Asking asking({&key, 1}, {&found, 1}, servers->name(server), options...);
      status = servers->Have(server, asking);
    }
    return status.ok() ? found : Lookup<V>::Failed(std::move(status));
  });
}

template <class Asking, class V>
std::vector<Lookup<V>> MemcacheCache::State::GetMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<V>> found(paths.size(), Lookup<V>::Miss());
  const Status status =
      WithoutExceptions<Status>([&] { return GetMany<Asking>(paths, found); });
  if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
  for (const Lookup<V>& lookup : found) counters.CountRead(lookup);
  return found;
}

template <class Asking, class V>
Status MemcacheCache::State::GetMany(std::span<const std::string_view> paths,
                                     std::vector<Lookup<V>>& found) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  const auto parts = Split<WireKey>(
      *servers, paths.size(), [&](size_t i) { return WireKey(paths[i]); });
  std::deque<std::vector<Lookup<V>>> results;
  std::deque<Asking> gets;
  std::vector<Share> shares;
  for (const Part<WireKey>& part : parts) {
    auto& result = results.emplace_back(part.items.size(), Lookup<V>::Miss());
    gets.emplace_back(part.items, result, servers->name(part.server));
    shares.push_back(servers->ShareOf(part.server, gets.back()));
  }
  servers->Have(shares);
  for (size_t p = 0; p < parts.size(); ++p) {
    for (size_t i = 0; i < results[p].size(); ++i) {
      // What came before the failure is what was asked for.
      Lookup<V>& result = results[p][i];
      found[parts[p].places[i]] = shares[p].status.ok() || result
                                      ? std::move(result)
                                      : Lookup<V>::Failed(shares[p].status);
    }
  }
  return Status();
}

Status MemcacheCache::State::SetMany(std::span<const RawEntry> entries,
                                     uint64_t& failed) {
  for (const RawEntry& entry : entries) {
    if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  }
  const TimePoint now = WallNow();
  const auto parts = Split<SetItem>(*servers, entries.size(), [&](size_t i) {
    return ToItem(entries[i], now);
  });
  std::deque<memcache::Sets> sets;
  std::vector<Share> shares;
  for (const Part<SetItem>& part : parts) {
    sets.emplace_back(part.items, servers->name(part.server));
    shares.push_back(servers->ShareOf(part.server, sets.back()));
  }
  servers->Have(shares);
  failed = 0;
  Status first;
  for (size_t p = 0; p < parts.size(); ++p) {
    const bool answered = shares[p].status.ok();
    failed += answered ? sets[p].failed() : parts[p].items.size();
    KeepFirst(first, answered ? sets[p].first_failure() : shares[p].status);
  }
  return first;
}

Result<bool> MemcacheCache::State::Add(const RawEntry& entry) {
  if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  const SetItem item = ToItem(entry, WallNow());
  if (item.is_too_large) {
    return Status(ErrorCode::kTooLarge,
                  "a value to add of " + std::to_string(entry.value.size()) +
                      " bytes does not fit into max_item_bytes with its key; "
                      "nothing was changed");
  }
  const size_t server = servers->ServerOf(item.key.view());
  memcache::Adding adding(item, servers->name(server));
  Share share = servers->ShareOf(server, adding);
  // Unrepeated: it would find what it has added itself.
  servers->Have({&share, 1}, Servers::Repeat::kNever);
  if (!share.status.ok()) return share.status;
  return adding.Outcome();
}

Status MemcacheCache::State::InvalidateMany(
    std::span<const std::string_view> paths, uint64_t& failed) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  const auto parts = Split<WireKey>(
      *servers, paths.size(), [&](size_t i) { return WireKey(paths[i]); });
  std::deque<memcache::Deletes> deletes;
  std::vector<Share> shares;
  for (const Part<WireKey>& part : parts) {
    deletes.emplace_back(part.items, servers->name(part.server));
    shares.push_back(servers->ShareOf(part.server, deletes.back()));
  }
  servers->Have(shares);
  failed = 0;
  Status first;
  for (size_t p = 0; p < parts.size(); ++p) {
    const Status& status =
        shares[p].status.ok() ? deletes[p].first_failure() : shares[p].status;
    if (!status.ok()) failed += parts[p].items.size();
    KeepFirst(first, status);
  }
  return first;
}

Status MemcacheCache::State::AskAll(std::string_view command,
                                    memcache::Reply::Type expected,
                                    Servers::Repeat repeat,
                                    std::vector<std::string>& texts) {
  std::deque<memcache::Plain> questions;
  std::vector<Share> shares;
  for (size_t server = 0; server < servers->size(); ++server) {
    questions.emplace_back(command, expected, servers->name(server));
    shares.push_back(servers->ShareOf(server, questions.back()));
  }
  servers->Have(shares, repeat);
  Status first;
  for (size_t server = 0; server < servers->size(); ++server) {
    KeepFirst(first, shares[server].status);
    KeepFirst(first, questions[server].failure());
    texts.push_back(questions[server].text());
  }
  return first;
}

MemcacheCache::MemcacheCache(CacheOptions options, std::unique_ptr<State> state)
    : Cache(std::move(options)), state_(std::move(state)) {}

MemcacheCache::~MemcacheCache() { FinishLoads(); }

MemcacheCache::Opened MemcacheCache::Open(MemcacheCacheOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    Result<std::unique_ptr<Servers>> servers = Servers::Make(options);
    if (!servers.ok()) return servers.status();
    BackendTraits traits = TraitsOf(options, **servers);
    std::unique_ptr<State> state(new State{
        *std::move(servers), std::move(traits), options.max_item_bytes});
    return std::unique_ptr<MemcacheCache>(
        new MemcacheCache(std::move(options.cache), std::move(state)));
  });
}

BackendTraits MemcacheCache::Traits() const { return state_->traits; }

Result<std::string> MemcacheCache::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    std::vector<std::string> versions;
    Status status = state_->AskAll("version", memcache::Reply::Type::kVersion,
                                   Servers::Repeat::kOnce, versions);
    if (!status.ok()) return status;
    std::ranges::sort(versions);
    std::string all = "memcached";
    const char* separator = " ";
    for (size_t i = 0; i < versions.size(); ++i) {
      if (i > 0 && versions[i] == versions[i - 1]) continue;
      all += std::exchange(separator, ", ") + versions[i];
    }
    return all;
  });
}

Lookup<Bytes> MemcacheCache::GetRaw(std::string_view path) {
  Lookup<Bytes> found = state_->GetOne<Gets, Bytes>(path);
  state_->counters.CountRead(found);
  return found;
}

Lookup<TimedBytes> MemcacheCache::GetTimedRaw(std::string_view path) {
  Lookup<TimedBytes> found = state_->GetOne<TimedGets, TimedBytes>(path);
  state_->counters.CountRead(found);
  return found;
}

Lookup<Ttl> MemcacheCache::TtlRaw(std::string_view path) {
  const Lookup<TimedBytes> found =
      state_->GetOne<TimedGets, TimedBytes>(path, TimedGets::Values::kUnwanted);
  if (found) return Lookup<Ttl>::Hit(found->left);
  return found.has_error() ? Lookup<Ttl>::Failed(found.status())
                           : Lookup<Ttl>::Miss();
}

std::vector<Lookup<Bytes>> MemcacheCache::GetManyRaw(
    std::span<const std::string_view> paths) {
  return state_->GetMany<Gets, Bytes>(paths);
}

std::vector<Lookup<TimedBytes>> MemcacheCache::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return state_->GetMany<TimedGets, TimedBytes>(paths);
}

Status MemcacheCache::SetRaw(std::string_view path, std::string_view value,
                             Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status MemcacheCache::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t failed = entries.size();
  Status status = WithoutExceptions<Status>(
      [&] { return state_->SetMany(entries, failed); });
  state_->counters.CountSets(entries.size() - failed, failed);
  return status;
}

Result<bool> MemcacheCache::AddRaw(std::string_view path,
                                   std::string_view value, Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&] {
    return state_->Add({path, value, ttl});
  });
  state_->counters.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Status MemcacheCache::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status MemcacheCache::InvalidateManyRaw(
    std::span<const std::string_view> paths) {
  uint64_t failed = paths.size();
  Status status = WithoutExceptions<Status>(
      [&] { return state_->InvalidateMany(paths, failed); });
  state_->counters.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Status MemcacheCache::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    std::vector<std::string> answers;
    return state_->AskAll("flush_all", memcache::Reply::Type::kOk,
                          Servers::Repeat::kNever, answers);
  });
}

CacheStats MemcacheCache::RawStats() const { return state_->counters.Stats(); }

}  // namespace appcache
