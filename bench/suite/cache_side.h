// CacheSide: a cache of this library, through its public interface.

#ifndef APPCACHE_BENCH_SUITE_CACHE_SIDE_H_
#define APPCACHE_BENCH_SUITE_CACHE_SIDE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "appcache/cache.h"
#include "bench/suite/side.h"

namespace appcache::bench {

inline constexpr unsigned kCacheForms =
    kView | kCopy | kGetVia | kTimed | kWrites;

// Get, GetTimed and Set are GetRaw, GetTimedRaw and SetRaw of the backend, and
// so on. The others are functions of Cache: Read and Get of a std::string by
// string; GetVia of Bytes with a key that is text, and of a std::string with a
// key of two segments that is made for the call.
class CacheSide : public SharedSide {
 public:
  explicit CacheSide(std::unique_ptr<Cache> cache);

  size_t Get(const Item& item) override;
  size_t View(const Item& item) override;
  size_t Copy(const Item& item) override;
  size_t GetVia(const Item& item) override;
  size_t GetViaCopy(const Item& item) override;
  size_t GetTimed(const Item& item) override;
  size_t GetMany(std::span<const Item* const> items) override;
  size_t GetManyTimed(std::span<const Item* const> items) override;
  bool Set(const Item& item, std::string_view value) override;
  bool Remove(const Item& item) override;

  // In batches.
  void Fill(std::span<const Item> items, std::string_view value) override;

 protected:
  Cache& cache() { return *cache_; }

 private:
  const std::unique_ptr<Cache> cache_;
  Backend& backend_;
  const size_t prefix_bytes_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_CACHE_SIDE_H_
