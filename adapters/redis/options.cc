#include "adapters/redis/options.h"

#include <algorithm>
#include <string>

#include "engine/support/option_check.h"

namespace appcache::redis {
namespace {

constexpr uint64_t kMinReplyBytes = uint64_t{64} << 10;
constexpr uint64_t kMaxReplyBytes = uint64_t{1} << 40;
// Several times what a reply to a command has: a value for each key of an MGET
// (kKeysPerCommand), or the keys of a page of SCAN.
constexpr size_t kMaxReplyElements = size_t{1} << 15;

}  // namespace

Status Validate(const RedisCacheOptions& options) {
  if (Status valid = Validate(options.cache); !valid.ok()) return valid;
  if (options.unix_path.empty() &&
      (options.host.empty() || options.port == 0)) {
    return Status(ErrorCode::kInvalidArgument,
                  "the host is empty or the port zero; give both, or a "
                  "unix_path");
  }
  for (const std::string* const text :
       {&options.host, &options.unix_path, &options.user, &options.password}) {
    if (text->find('\0') != std::string::npos) {
      return Status(ErrorCode::kInvalidArgument,
                    "the host, unix_path, user or password contains a NUL "
                    "byte; remove it");
    }
  }
  if (!options.user.empty() && options.password.empty()) {
    return Status(ErrorCode::kInvalidArgument,
                  "there is a user but no password; give both or neither");
  }
  Status status =
      internal::CheckSize("max_reply_bytes", options.max_reply_bytes,
                          kMinReplyBytes, kMaxReplyBytes);
  return status.ok() ? SettingsOf(options).Validate() : status;
}

net::Settings SettingsOf(const RedisCacheOptions& options) {
  return {options.timeout, options.connect_timeout, options.max_connections};
}

net::Endpoint EndpointOf(const RedisCacheOptions& options) {
  return {"Redis", options.host, options.port, options.unix_path};
}

Login LoginOf(const RedisCacheOptions& options) {
  return {options.user,
          options.password,
          options.database,
          options.timeout,
          {options.max_reply_bytes, kMaxReplyElements}};
}

BackendTraits TraitsOf(const RedisCacheOptions& options) {
  const std::string database = std::to_string(options.database);
  BackendTraits traits;
  traits.name = "redis";
  traits.location = EndpointOf(options).ToString() + ", database " + database;
  traits.cleared = "every key of database " + database +
                   ", whoever wrote it and whatever its prefix (FLUSHDB)";
  traits.supports_ttl_query = true;
  traits.supports_watch = true;
  traits.supports_add = true;
  traits.supports_prefix_invalidation = true;
  traits.supports_walk = true;
  traits.max_key_bytes = kMaxBytes;
  traits.max_value_bytes = std::min(kMaxBytes, options.max_reply_bytes);
  traits.is_shared = true;
  traits.is_persistent = true;
  traits.limits = SettingsOf(options).ToLimits();
  traits.limits.emplace_back("max_reply_bytes",
                             std::to_string(options.max_reply_bytes));
  return traits;
}

}  // namespace appcache::redis
