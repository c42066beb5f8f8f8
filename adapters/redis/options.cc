#include "adapters/redis/options.h"

#include <string>

namespace appcache::redis {

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
  return SettingsOf(options).Validate();
}

net::Settings SettingsOf(const RedisCacheOptions& options) {
  return {options.timeout, options.connect_timeout, options.max_connections};
}

net::Endpoint EndpointOf(const RedisCacheOptions& options) {
  return {"Redis", options.host, options.port, options.unix_path};
}

Login LoginOf(const RedisCacheOptions& options) {
  return {options.user, options.password, options.database, options.timeout};
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
  traits.max_key_bytes = kMaxBytes;
  traits.max_value_bytes = kMaxBytes;
  traits.is_shared = true;
  traits.is_persistent = true;
  traits.limits = SettingsOf(options).ToLimits();
  return traits;
}

}  // namespace appcache::redis
