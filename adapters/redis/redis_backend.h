// RedisBackend: the storage of a RedisCache. The header of RedisCache
// (appcache/redis_cache.h) describes what each operation does.

#ifndef APPCACHE_ADAPTERS_REDIS_REDIS_BACKEND_H_
#define APPCACHE_ADAPTERS_REDIS_REDIS_BACKEND_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/client.h"
#include "adapters/redis/timed_get_request.h"
#include "appcache/backend.h"
#include "appcache/error.h"
#include "appcache/log.h"
#include "appcache/lookup.h"
#include "appcache/redis_cache_options.h"
#include "appcache/watch.h"
#include "engine/support/backend_counters.h"

namespace appcache::redis {

// Thread-safe.
class RedisBackend final : public Backend {
 public:
  // kInvalidArgument when an option is out of range. Throws std::bad_alloc.
  static Result<std::unique_ptr<RedisBackend>> Make(
      const RedisCacheOptions& options);

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;
  Status ClearRaw() override;

  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;

  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  // PEXPIRE or PERSIST.
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override;
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override;

  Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                          WatchListener& listener) override;
  Result<std::string> Ping() override;
  BackendTraits Traits() const override { return traits_; }
  CacheStats Stats() const override { return counters_.Stats(); }
  // Closes the pool's idle connections, those inherited and the child's own.
  void AbandonInChild() noexcept override { client_.AbandonInChild(); }

 private:
  explicit RedisBackend(const RedisCacheOptions& options);

  // Sends `command path` and converts the reply: `convert(reply, server)`.
  template <class V, class Convert>
  Lookup<V> Query(std::string_view command, std::string_view path,
                  const Convert& convert);

  // Reads `paths` by `read(found)`, which appends one Lookup for each path, or
  // fails. Counts the reads.
  template <class V, class Read>
  std::vector<Lookup<V>> ReadMany(std::span<const std::string_view> paths,
                                  const Read& read);

  std::vector<Lookup<TimedBytes>> GetTimed(
      std::span<const std::string_view> paths, TimedGetRequest::By by);
  Result<bool> Add(const RawEntry& entry);
  // FLUSHDB. Sets `is_known` to false if the server does not know an argument.
  Status Flush(std::initializer_list<std::string_view> command, bool& is_known);

  bool IsTooLarge(const RawEntry& entry) const noexcept {
    return entry.value.size() > traits_.max_value_bytes;
  }
  // Sends the entry, or a DEL in place of a value that is too large.
  void AppendSetOrDelete(Connection& connection, const RawEntry& entry) const;
  // The result of AppendSetOrDelete.
  Status CheckSetOrDelete(const RawEntry& entry, const Reply& reply) const;
  Status TooLarge(std::string_view consequence) const;

  Client client_;
  const uint32_t database_;
  const LogSink log_;
  const BackendTraits traits_;
  internal::BackendCounters counters_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_REDIS_BACKEND_H_
