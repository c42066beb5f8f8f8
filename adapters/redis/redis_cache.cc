#include "adapters/redis/redis_cache.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "adapters/net/settings.h"
#include "adapters/redis/client.h"
#include "adapters/redis/commands.h"
#include "adapters/redis/prefix_removal.h"
#include "adapters/redis/result.h"
#include "adapters/redis/timed_gets.h"
#include "adapters/redis/watch.h"
#include "engine/backend_counters.h"

namespace appcache {
namespace {

using redis::AppendKeys;
using redis::AppendSet;
using redis::Connection;
using redis::kKeysPerCommand;
using redis::Reply;
using redis::TimedGets;
using redis::ToLookup;
using redis::ToTtl;
using redis::Unexpected;
using std::chrono::milliseconds;

net::Settings SettingsOf(const RedisCacheOptions& options) {
  return {options.timeout, options.connect_timeout, options.max_connections};
}

Status Validate(const RedisCacheOptions& options) {
  if (options.cache.compressor == nullptr || options.cache.log == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the compressor or the log sink is null; leave the default, "
                  "or give one that does nothing");
  }
  if (options.unix_path.empty() &&
      (options.host.empty() || options.port == 0)) {
    return Status(ErrorCode::kInvalidArgument,
                  "the host is empty, or the port zero; give both, or a "
                  "unix_path");
  }
  for (const std::string* const text :
       {&options.host, &options.unix_path, &options.user, &options.password}) {
    if (text->find('\0') != std::string::npos) {
      return Status(ErrorCode::kInvalidArgument,
                    "the host, unix_path, user or password holds a NUL");
    }
  }
  if (!options.user.empty() && options.password.empty()) {
    return Status(ErrorCode::kInvalidArgument,
                  "there is a user but no password; give both, or none");
  }
  return SettingsOf(options).Validate();
}

Status CheckPath(std::string_view path) {
  if (path.size() <= RedisCache::kMaxBytes) return Status();
  return Status(ErrorCode::kInvalidKey,
                "a key path of " + std::to_string(path.size()) +
                    " bytes is longer than Redis takes: " +
                    std::to_string(RedisCache::kMaxBytes));
}

BackendTraits TraitsOf(const RedisCacheOptions& options,
                       const net::Endpoint& endpoint) {
  const std::string database = std::to_string(options.database);
  BackendTraits traits;
  traits.name = "redis";
  traits.location = endpoint.ToString() + ", database " + database;
  traits.cleared = "every key of database " + database +
                   ", whoever wrote it and whatever its prefix (FLUSHDB)";
  traits.tells_ttl = true;
  traits.tells_changes = true;
  traits.adds = true;
  traits.invalidates_prefixes = true;
  traits.max_key_bytes = RedisCache::kMaxBytes;
  traits.max_value_bytes = RedisCache::kMaxBytes;
  traits.is_shared = true;
  traits.is_persistent = true;
  traits.limits = SettingsOf(options).ToLimits();
  return traits;
}

// " 7.0.15" of what INFO says; empty if it does not.
std::string VersionIn(std::string_view info) {
  constexpr std::string_view kField = "redis_version:";
  const size_t at = info.find(kField);
  if (at == std::string_view::npos) return std::string();
  info.remove_prefix(at + kField.size());
  return " " + std::string(info.substr(0, info.find_first_of("\r\n")));
}

}  // namespace

struct RedisCache::State {
  // What `read(reply)` makes of the reply to a command about one key.
  template <class V, class Read>
  Lookup<V> Ask(std::string_view command, std::string_view path,
                const Read& read) {
    return WithoutExceptions<Lookup<V>>([&] {
      Lookup<V> lookup = Lookup<V>::Miss();
      Status status = CheckPath(path);
      if (status.ok()) {
        status = client.Exchange(
            [&](Connection& connection) {
              connection.Append({command, path});
            },
            [&](Reply reply) {
              lookup = read(std::move(reply), client.server());
            });
      }
      return status.ok() ? lookup : Lookup<V>::Failed(std::move(status));
    });
  }

  // `ask(found)` has what was found of the paths put there, or fails, which is
  // what is found of each then. Counts them.
  template <class V, class AskServer>
  std::vector<Lookup<V>> ReadMany(std::span<const std::string_view> paths,
                                  const AskServer& ask) {
    std::vector<Lookup<V>> found;
    const Status status = WithoutExceptions<Status>([&] {
      for (const std::string_view path : paths) {
        if (Status valid = CheckPath(path); !valid.ok()) return valid;
      }
      return paths.empty() ? Status() : ask(found);
    });
    if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
    for (const Lookup<V>& lookup : found) counters.CountRead(lookup);
    return found;
  }

  std::vector<Lookup<TimedBytes>> GetTimed(
      std::span<const std::string_view> paths, TimedGets::By by) {
    return ReadMany<TimedBytes>(
        paths, [&](std::vector<Lookup<TimedBytes>>& found) {
          TimedGets gets(paths, by, client.server());
          Status status = client.Exchange(
              [&](Connection& connection) { gets.Append(connection); },
              [&](Reply reply) { gets.Take(std::move(reply)); });
          found = std::move(gets.found());
          return status;
        });
  }

  redis::Client client;
  uint32_t database;
  BackendTraits traits;
  BackendCounters counters = {};
};

RedisCache::RedisCache(CacheOptions options, std::unique_ptr<State> state)
    : Cache(std::move(options)), state_(std::move(state)) {}

RedisCache::~RedisCache() { FinishLoads(); }

RedisCache::Opened RedisCache::Open(RedisCacheOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    const net::Endpoint endpoint{"Redis", options.host, options.port,
                                 options.unix_path};
    const redis::Login login{options.user, options.password, options.database,
                             options.timeout};
    const net::Settings settings = SettingsOf(options);
    return std::unique_ptr<RedisCache>(
        new RedisCache(std::move(options.cache),
                       std::unique_ptr<State>(new State{
                           redis::Client(endpoint, login, settings),
                           options.database, TraitsOf(options, endpoint)})));
  });
}

BackendTraits RedisCache::Traits() const { return state_->traits; }

Result<std::string> RedisCache::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    Status answer;
    std::string version = "Redis";
    size_t replies = 0;
    const Status status = state_->client.Exchange(
        [&](Connection& connection) {
          replies = 0;
          connection.Append({"PING"});
          connection.Append({"INFO", "server"});
        },
        [&](const Reply& reply) {
          if (++replies == 1) {
            if (reply.type != Reply::Type::kStatus) {
              answer = Unexpected(reply, state_->client.server());
            }
          } else if (reply.type == Reply::Type::kString) {
            version += VersionIn(reply.bytes.view());
          }
        });
    if (!status.ok()) return status;
    if (!answer.ok()) return answer;
    return version;
  });
}

Lookup<Bytes> RedisCache::GetRaw(std::string_view path) {
  Lookup<Bytes> found = state_->Ask<Bytes>("GET", path, ToLookup);
  state_->counters.CountRead(found);
  return found;
}

Lookup<Ttl> RedisCache::TtlRaw(std::string_view path) {
  return state_->Ask<Ttl>("PTTL", path, ToTtl);
}

Lookup<TimedBytes> RedisCache::GetTimedRaw(std::string_view path) {
  return std::move(state_->GetTimed({&path, 1}, TimedGets::By::kGet).front());
}

std::vector<Lookup<TimedBytes>> RedisCache::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return state_->GetTimed(paths, TimedGets::By::kMget);
}

std::vector<Lookup<Bytes>> RedisCache::GetManyRaw(
    std::span<const std::string_view> paths) {
  return state_->ReadMany<Bytes>(paths, [&](std::vector<Lookup<Bytes>>& found) {
    found.reserve(paths.size());
    return state_->client.Exchange(
        [&](Connection& connection) { AppendKeys(connection, "MGET", paths); },
        [&](Reply reply) {
          const size_t expected =
              std::min(kKeysPerCommand, paths.size() - found.size());
          if (reply.type == Reply::Type::kArray &&
              reply.elements.size() == expected) {
            for (Reply& element : reply.elements) {
              found.push_back(
                  ToLookup(std::move(element), state_->client.server()));
            }
            return;
          }
          const Status failed = Unexpected(reply, state_->client.server());
          found.insert(found.end(), expected, Lookup<Bytes>::Failed(failed));
        });
  });
}

Status RedisCache::SetRaw(std::string_view path, std::string_view value,
                          Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status RedisCache::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t failed = 0;
  Status first_failure;
  const auto note = [&](Status status) {
    ++failed;
    if (first_failure.ok()) first_failure = std::move(status);
  };
  const Status status = WithoutExceptions<Status>([&] {
    for (const RawEntry& entry : entries) {
      if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
    }
    if (entries.empty()) return Status();
    return state_->client.Exchange(
        [&](Connection& connection) {
          for (const RawEntry& entry : entries) {
            if (entry.value.size() <= kMaxBytes) {
              AppendSet(connection, entry);
            } else {
              connection.Append({"DEL", entry.path});
            }
          }
        },
        [&](const Reply& reply) {
          // Of a DEL, which stands for a value that is too large.
          if (reply.type == Reply::Type::kInteger) {
            note(Status(ErrorCode::kTooLarge,
                        "a value is larger than Redis takes: " +
                            std::to_string(kMaxBytes) +
                            " bytes; its key is now empty"));
          } else if (!reply.is_ok()) {
            note(Unexpected(reply, state_->client.server()));
          }
        });
  });
  if (!status.ok()) failed = entries.size();
  state_->counters.CountSets(entries.size() - failed, failed);
  return status.ok() ? first_failure : status;
}

Result<bool> RedisCache::AddRaw(std::string_view path, std::string_view value,
                                Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
    if (value.size() > kMaxBytes) {
      return Status(ErrorCode::kTooLarge,
                    "a value to add is larger than Redis takes: " +
                        std::to_string(kMaxBytes) + " bytes");
    }
    bool is_added = false;
    Status answer;
    // Unrepeated: it would find what it has added itself.
    const Status status = state_->client.ExchangeUnrepeated(
        [&](Connection& connection) {
          if (ttl == kNoTtl) {
            connection.Append({"SET", path, value, "NX"});
          } else {
            connection.Append(
                {"SET", path, value, "NX", "PX", std::to_string(ttl.count())});
          }
        },
        [&](const Reply& reply) {
          is_added = reply.is_ok();
          if (!is_added && reply.type != Reply::Type::kNil) {
            answer = Unexpected(reply, state_->client.server());
          }
        });
    if (!status.ok()) return status;
    if (!answer.ok()) return answer;
    return is_added;
  });
  state_->counters.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Status RedisCache::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status RedisCache::InvalidateManyRaw(std::span<const std::string_view> paths) {
  Status answer;
  Status status = WithoutExceptions<Status>([&] {
    for (const std::string_view path : paths) {
      if (Status valid = CheckPath(path); !valid.ok()) return valid;
    }
    if (paths.empty()) return Status();
    return state_->client.Exchange(
        [&](Connection& connection) { AppendKeys(connection, "DEL", paths); },
        [&](const Reply& reply) {
          if (reply.type != Reply::Type::kInteger && answer.ok()) {
            answer = Unexpected(reply, state_->client.server());
          }
        });
  });
  if (status.ok()) status = answer;
  const uint64_t failed = status.ok() ? 0 : paths.size();
  state_->counters.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Status RedisCache::InvalidatePrefixRaw(std::string_view path_prefix) {
  uint64_t removed = 0;
  Status status = WithoutExceptions<Status>([&] {
    if (Status valid = CheckPath(path_prefix); !valid.ok()) return valid;
    return redis::RemovePrefix(state_->client, path_prefix, removed);
  });
  state_->counters.CountInvalidations(removed, status.ok() ? 0 : 1);
  return status;
}

Status RedisCache::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    Status answer;
    const Status status = state_->client.ExchangeUnrepeated(
        [](Connection& connection) { connection.Append({"FLUSHDB"}); },
        [&](const Reply& reply) {
          if (!reply.is_ok())
            answer = Unexpected(reply, state_->client.server());
        });
    return status.ok() ? answer : status;
  });
}

Result<std::unique_ptr<Watch>> RedisCache::WatchRaw(const WatchOptions& options,
                                                    WatchListener& listener) {
  using Made = Result<std::unique_ptr<Watch>>;
  return WithoutExceptions<Made>([&]() -> Made {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    try {
      return std::unique_ptr<Watch>(std::make_unique<redis::RedisWatch>(
          state_->client, state_->database, options, listener,
          this->options().log));
    } catch (const std::system_error& error) {
      return Status(ErrorCode::kUnavailable,
                    "cannot watch " + state_->client.server() + ": " +
                        error.code().message(),
                    error.code().value());
    }
  });
}

CacheStats RedisCache::RawStats() const { return state_->counters.Stats(); }

}  // namespace appcache
