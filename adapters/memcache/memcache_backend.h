// MemcacheBackend: the storage of a MemcacheCache. The header of MemcacheCache
// (appcache/memcache_cache.h) describes what each operation does.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_BACKEND_H_
#define APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_BACKEND_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/servers.h"
#include "adapters/memcache/set_request.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/memcache_cache_options.h"
#include "engine/support/backend_counters.h"

namespace appcache::memcache {

// Thread-safe.
class MemcacheBackend final : public Backend {
 public:
  // kInvalidArgument when an option is out of range. Throws std::bad_alloc.
  static Result<std::unique_ptr<MemcacheBackend>> Make(
      const MemcacheCacheOptions& options);

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
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override;

  Result<std::string> Ping() override;
  BackendTraits Traits() const override { return traits_; }
  CacheStats Stats() const override { return counters_.Stats(); }
  void AbandonInChild() noexcept override { servers_->AbandonInChild(); }

 private:
  MemcacheBackend(std::unique_ptr<Servers> servers, BackendTraits traits,
                  uint64_t max_item_bytes);

  Status CheckPath(std::string_view path) const;
  SetItem ToItem(const WireKey& key, const RawEntry& entry,
                 TimePoint now) const;

  // Reads one key, or each key of a batch, with a request of type Get.
  template <class Get, class V, class... Options>
  Lookup<V> GetOne(std::string_view path, Options... options);
  template <class Get, class V>
  std::vector<Lookup<V>> GetMany(std::span<const std::string_view> paths);

  Result<bool> Add(const RawEntry& entry);
  Result<bool> SetTtl(std::string_view path, Ttl ttl);

  const std::unique_ptr<Servers> servers_;
  const BackendTraits traits_;
  const uint64_t max_item_bytes_;
  internal::BackendCounters counters_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_BACKEND_H_
