#include "bench/suite/cache_side.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/frame/program.h"
#include "bench/suite/store.h"

namespace appcache::bench {
namespace {

constexpr size_t kFillBatch = 1'000;

struct TextKey {
  using value_type = Bytes;

  std::string_view text;

  void AppendTo(KeyPath& path) const { path.Segment(text); }
};

struct TwoSegmentKey {
  using value_type = std::string;

  uint32_t id;

  void AppendTo(KeyPath& path) const { path.Segment(kSegment).Segment(id); }
};

template <class V>
V Unexpected() {
  Fail("GetVia ran a loader");
}

template <class V>
const V& ValueIn(const V& value) {
  return value;
}
const Bytes& ValueIn(const TimedBytes& timed) { return timed.value; }

template <class V>
size_t SizeOfHit(const Lookup<V>& found) {
  if (!found) {
    Must(!found.has_error(), found.status().ToString());
    return 0;
  }
  const auto& value = ValueIn(*found);
  benchmark::DoNotOptimize(value.data()[0]);
  return value.size();
}

template <class V>
size_t SizeOfHits(const std::vector<Lookup<V>>& found) {
  size_t size = 0;
  for (const Lookup<V>& each : found) size += SizeOfHit(each);
  return size;
}

// Valid until the next call in this thread.
const std::vector<std::string_view>& PathsOf(
    std::span<const Item* const> items) {
  thread_local std::vector<std::string_view> paths;
  paths.clear();
  for (const Item* const item : items) paths.push_back(item->path());
  return paths;
}

void ReadFirst(std::string_view value) {
  benchmark::DoNotOptimize(value.data()[0]);
}

}  // namespace

CacheSide::CacheSide(std::unique_ptr<Cache> cache)
    : cache_(std::move(cache)),
      backend_(*cache_->backend()),
      prefix_bytes_(cache_->prefix().size() + 1) {}

size_t CacheSide::Get(const Item& item) {
  return SizeOfHit(backend_.GetRaw(item.path()));
}

size_t CacheSide::View(const Item& item) {
  const auto found =
      cache_->ReadByStr(item.path().substr(prefix_bytes_), ReadFirst);
  return found ? *found : 0;
}

size_t CacheSide::Copy(const Item& item) {
  return SizeOfHit(
      cache_->GetByStr<std::string>(item.path().substr(prefix_bytes_)));
}

size_t CacheSide::GetVia(const Item& item) {
  const Bytes value = cache_->GetVia(TextKey{item.path().substr(prefix_bytes_)},
                                     Unexpected<Bytes>);
  ReadFirst(value.view());
  return value.size();
}

size_t CacheSide::GetViaCopy(const Item& item) {
  const std::string value =
      cache_->GetVia(TwoSegmentKey{item.id}, Unexpected<std::string>);
  benchmark::DoNotOptimize(value.data());
  return value.size();
}

size_t CacheSide::GetTimed(const Item& item) {
  return SizeOfHit(backend_.GetTimedRaw(item.path()));
}

size_t CacheSide::GetMany(std::span<const Item* const> items) {
  return SizeOfHits(backend_.GetManyRaw(PathsOf(items)));
}

size_t CacheSide::GetManyTimed(std::span<const Item* const> items) {
  return SizeOfHits(backend_.GetManyTimedRaw(PathsOf(items)));
}

bool CacheSide::Set(const Item& item, std::string_view value) {
  return backend_.SetRaw(item.path(), value, kNoTtl).ok();
}

bool CacheSide::Remove(const Item& item) {
  return backend_.InvalidateRaw(item.path()).ok();
}

void CacheSide::Fill(std::span<const Item> items, std::string_view value) {
  // A batch of Redis is one request, which has a time limit.
  const size_t batch =
      std::clamp<size_t>((size_t{4} << 20) / value.size(), 1, kFillBatch);
  std::vector<RawEntry> entries;
  for (size_t i = 0; i < items.size(); ++i) {
    entries.push_back({items[i].path(), value});
    if (entries.size() == batch || i + 1 == items.size()) {
      Must(backend_.SetManyRaw(entries));
      entries.clear();
    }
  }
}

}  // namespace appcache::bench
