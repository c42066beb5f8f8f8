#include "adapters/redis/redis_backend.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "adapters/net/server_text.h"
#include "adapters/redis/commands.h"
#include "adapters/redis/options.h"
#include "adapters/redis/prefix_removal.h"
#include "adapters/redis/result.h"
#include "adapters/redis/walk.h"
#include "adapters/redis/watch.h"

namespace appcache::redis {
namespace {

using Type = Reply::Type;

Status CheckPath(std::string_view path) {
  if (path.size() <= kMaxBytes) return Status();
  return Status(ErrorCode::kInvalidKey, "a key path has " +
                                            std::to_string(path.size()) +
                                            " bytes; Redis accepts at most " +
                                            std::to_string(kMaxBytes));
}

Status CheckPaths(std::span<const std::string_view> paths) {
  for (const std::string_view path : paths) {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
  }
  return Status();
}

// Appends the results of an MGET of `count` keys to `found`. Returns the error
// of its reply.
Status AppendMany(Reply reply, size_t count, const std::string& server,
                  std::vector<Lookup<Bytes>>& found) {
  if (reply.type != Type::kArray || reply.elements.size() != count) {
    const Status failed = UnexpectedReply(reply, server);
    found.insert(found.end(), count, Lookup<Bytes>::Failed(failed));
    return failed;
  }
  for (Reply& element : reply.elements) {
    found.push_back(ToLookup(std::move(element), server));
    if (IsOutOfStep(found.back().status())) return found.back().status();
  }
  return Status();
}

// " 7.0.15" from the reply to INFO; empty if it is not in there.
std::string VersionIn(std::string_view info) {
  constexpr std::string_view kField = "redis_version:";
  const size_t at = info.find(kField);
  if (at == std::string_view::npos) return std::string();
  info.remove_prefix(at + kField.size());
  const std::string version = net::VersionAtStartOf(info);
  return version.empty() ? version : " " + version;
}

// True for the reply of a server that does not know an argument. Redis before 4
// counts the arguments of FLUSHDB, later versions parse them.
bool HasUnknownArgument(const Reply& reply) {
  const std::string_view text = reply.bytes.view();
  return reply.type == Type::kError &&
         (text.starts_with("ERR wrong number of arguments") ||
          text.starts_with("ERR syntax error"));
}

}  // namespace

RedisBackend::RedisBackend(const RedisCacheOptions& options)
    : client_(EndpointOf(options), LoginOf(options), SettingsOf(options)),
      database_(options.database),
      log_(options.cache.log),
      traits_(TraitsOf(options)) {}

Result<std::unique_ptr<RedisBackend>> RedisBackend::Make(
    const RedisCacheOptions& options) {
  if (Status valid = Validate(options); !valid.ok()) return valid;
  return std::unique_ptr<RedisBackend>(new RedisBackend(options));
}

Status RedisBackend::TooLarge(std::string_view consequence) const {
  std::string message("a value has more than " +
                      std::to_string(traits_.max_value_bytes) +
                      " bytes, the limit of Redis or of max_reply_bytes; ");
  message.append(consequence);
  return Status(ErrorCode::kTooLarge, std::move(message));
}

void RedisBackend::AppendSetOrDelete(Connection& connection,
                                     const RawEntry& entry) const {
  if (IsTooLarge(entry)) {
    connection.Append({"DEL", entry.path});
  } else {
    AppendSet(connection, entry);
  }
}

Status RedisBackend::CheckSetOrDelete(const RawEntry& entry,
                                      const Reply& reply) const {
  const bool is_too_large = IsTooLarge(entry);
  if (is_too_large && reply.type == Type::kInteger) {
    return TooLarge("its key is now empty");
  }
  return !is_too_large && reply.is_ok()
             ? Status()
             : UnexpectedReply(reply, client_.server());
}

template <class V, class Convert>
Lookup<V> RedisBackend::Query(std::string_view command, std::string_view path,
                              const Convert& convert) {
  return WithoutExceptions<Lookup<V>>([&] {
    Lookup<V> lookup = Lookup<V>::Miss();
    Status status = CheckPath(path);
    if (status.ok()) {
      status = client_.Exchange(
          [&](Connection& connection) {
            connection.Append({command, path});
          },
          [&](Reply reply) {
            lookup = convert(std::move(reply), client_.server());
            return lookup.status();
          });
    }
    return status.ok() ? std::move(lookup)
                       : Lookup<V>::Failed(std::move(status));
  });
}

template <class V, class Read>
std::vector<Lookup<V>> RedisBackend::ReadMany(
    std::span<const std::string_view> paths, const Read& read) {
  std::vector<Lookup<V>> found;
  const Status status = WithoutExceptions<Status>([&] {
    Status valid = CheckPaths(paths);
    return paths.empty() || !valid.ok() ? valid : read(found);
  });
  if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
  for (const Lookup<V>& lookup : found) counters_.CountRead(lookup);
  return found;
}

Lookup<Bytes> RedisBackend::GetRaw(std::string_view path) {
  Lookup<Bytes> found = Query<Bytes>("GET", path, ToLookup);
  counters_.CountRead(found);
  return found;
}

Lookup<Ttl> RedisBackend::TtlRaw(std::string_view path) {
  return Query<Ttl>("PTTL", path, ToTtl);
}

std::vector<Lookup<TimedBytes>> RedisBackend::GetTimed(
    std::span<const std::string_view> paths, TimedGetRequest::By by) {
  return ReadMany<TimedBytes>(
      paths, [&](std::vector<Lookup<TimedBytes>>& found) {
        TimedGetRequest request(paths, by, client_.server());
        Status status = client_.Exchange(
            [&](Connection& connection) { request.AppendTo(connection); },
            [&](Reply reply) { return request.HandleReply(std::move(reply)); });
        found = std::move(request.found());
        return status;
      });
}

Lookup<TimedBytes> RedisBackend::GetTimedRaw(std::string_view path) {
  return std::move(GetTimed({&path, 1}, TimedGetRequest::By::kGet).front());
}

std::vector<Lookup<TimedBytes>> RedisBackend::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return GetTimed(paths, TimedGetRequest::By::kMget);
}

std::vector<Lookup<Bytes>> RedisBackend::GetManyRaw(
    std::span<const std::string_view> paths) {
  return ReadMany<Bytes>(paths, [&](std::vector<Lookup<Bytes>>& found) {
    found.reserve(paths.size());
    return client_.Exchange(
        [&](Connection& connection) {
          found.clear();
          AppendKeys(connection, "MGET", paths);
        },
        [&](Reply reply) {
          const size_t count =
              std::min(kKeysPerCommand, paths.size() - found.size());
          return AppendMany(std::move(reply), count, client_.server(), found);
        });
  });
}

Status RedisBackend::SetRaw(std::string_view path, std::string_view value,
                            Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status RedisBackend::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t failed = 0;
  Status first_error;
  const Status status = WithoutExceptions<Status>([&] {
    for (const RawEntry& entry : entries) {
      if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
    }
    if (entries.empty()) return Status();
    size_t replies = 0;
    return client_.Exchange(
        [&](Connection& connection) {
          replies = 0;
          failed = 0;
          first_error = Status();
          for (const RawEntry& entry : entries) {
            AppendSetOrDelete(connection, entry);
          }
        },
        [&](const Reply& reply) {
          Status checked = CheckSetOrDelete(entries[replies++], reply);
          if (!checked.ok()) ++failed;
          if (first_error.ok()) first_error = checked;
          return checked;
        },
        Kind::kWrite);
  });
  if (!status.ok()) failed = entries.size();
  counters_.CountSets(entries.size() - failed, failed);
  return status.ok() ? first_error : status;
}

Result<bool> RedisBackend::Add(const RawEntry& entry) {
  if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  if (IsTooLarge(entry)) return TooLarge("nothing was changed");
  bool is_added = false;
  // A retry could find the entry that the first attempt has added.
  const Status status = client_.ExchangeChecked(
      [&](Connection& connection) { AppendAdd(connection, entry); },
      [&](const Reply& reply) {
        is_added = reply.is_ok();
        return is_added || reply.type == Type::kNil
                   ? Status()
                   : UnexpectedReply(reply, client_.server());
      },
      Kind::kWriteOnce);
  if (!status.ok()) return status;
  return is_added;
}

Result<bool> RedisBackend::AddRaw(std::string_view path, std::string_view value,
                                  Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&] {
    return Add(RawEntry{path, value, ttl});
  });
  counters_.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Status RedisBackend::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status RedisBackend::InvalidateManyRaw(
    std::span<const std::string_view> paths) {
  Status status = WithoutExceptions<Status>([&] {
    Status valid = CheckPaths(paths);
    if (paths.empty() || !valid.ok()) return valid;
    return client_.ExchangeChecked(
        [&](Connection& connection) { AppendKeys(connection, "DEL", paths); },
        [&](const Reply& reply) {
          return reply.type == Type::kInteger
                     ? Status()
                     : UnexpectedReply(reply, client_.server());
        },
        Kind::kWrite);
  });
  const uint64_t failed = status.ok() ? 0 : paths.size();
  counters_.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Status RedisBackend::InvalidatePrefixRaw(std::string_view path_prefix) {
  uint64_t removed = 0;
  Status status = WithoutExceptions<Status>([&] {
    if (Status valid = CheckPath(path_prefix); !valid.ok()) return valid;
    return RemovePrefix(client_, path_prefix, removed);
  });
  counters_.CountInvalidations(removed, status.ok() ? 0 : 1);
  return status;
}

Result<bool> RedisBackend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    if (Status valid = CheckPath(path); !valid.ok()) return valid;
    bool is_there = false;
    // PERSIST also replies 0 for an entry that never expires.
    Status status = client_.ExchangeChecked(
        [&](Connection& connection) {
          is_there = false;
          AppendSetTtl(connection, path, ttl);
        },
        [&](const Reply& reply) {
          is_there = is_there || reply.integer != 0;
          return reply.type == Type::kInteger
                     ? Status()
                     : UnexpectedReply(reply, client_.server());
        },
        Kind::kWrite);
    if (!status.ok()) return status;
    return is_there;
  });
}

Status RedisBackend::WalkRaw(const WalkOptions& options, WalkVisitor visit) {
  return WithoutExceptions<Status>([&] {
    if (Status valid = CheckPath(options.path_prefix); !valid.ok()) {
      return valid;
    }
    return WalkEntries(client_, options, visit);
  });
}

Status RedisBackend::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    bool has_async = true;
    Status status = Flush({"FLUSHDB", "ASYNC"}, has_async);
    return has_async ? status : Flush({"FLUSHDB"}, has_async);
  });
}

// A retry may remove entries that other clients have set during the call, as
// any Clear may.
Status RedisBackend::Flush(std::initializer_list<std::string_view> command,
                           bool& is_known) {
  return client_.ExchangeChecked(
      [&](Connection& connection) { connection.Append(command); },
      [&](const Reply& reply) {
        is_known = !HasUnknownArgument(reply);
        return reply.is_ok() ? Status()
                             : UnexpectedReply(reply, client_.server());
      },
      Kind::kWrite);
}

Result<std::unique_ptr<Watch>> RedisBackend::WatchRaw(
    const WatchOptions& options, WatchListener& listener) {
  using Made = Result<std::unique_ptr<Watch>>;
  return WithoutExceptions<Made>([&]() -> Made {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    try {
      return std::unique_ptr<Watch>(std::make_unique<RedisWatch>(
          client_, database_, options, listener, log_));
    } catch (const std::system_error& error) {
      return Status(ErrorCode::kUnavailable,
                    "cannot start a watch of " + client_.server() + ": " +
                        error.code().message(),
                    error.code().value());
    }
  });
}

Result<std::string> RedisBackend::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    std::string version = "Redis";
    bool has_pong = false;
    const Status status = client_.ExchangeChecked(
        [&](Connection& connection) {
          version = "Redis";
          has_pong = false;
          connection.Append({"PING"});
          connection.Append({"INFO", "server"});
        },
        [&](const Reply& reply) {
          if (!has_pong) {
            has_pong = reply.type == Type::kStatus;
            return has_pong ? Status()
                            : UnexpectedReply(reply, client_.server());
          }
          // Not every user may run INFO.
          if (reply.type == Type::kError) return Status();
          if (reply.type != Type::kString) {
            return UnexpectedReply(reply, client_.server());
          }
          version += VersionIn(reply.bytes.view());
          return Status();
        });
    if (!status.ok()) return status;
    return version;
  });
}

}  // namespace appcache::redis
