#include "bench/peers/appcache_peer.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <string>

#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

std::unique_ptr<SqliteCache> OpenCache(size_t capacity) {
  static std::atomic<int> opened{0};
  SqliteCacheOptions options;
  options.max_entries = capacity;
  // For a set that waits for a flush while the machine is busy.
  options.busy_timeout = std::chrono::minutes(1);
  options.resident_bytes = uint64_t{4} << 30;
  return ValueOrFail(
      SqliteCache::OpenInMemory(options, "peer" + std::to_string(opened++)));
}

const AddPeer kAdded({"appcache", kView | kShare | kCopy | kCopyInto | kWrites,
                      [](size_t capacity) -> std::unique_ptr<Peer> {
                        return std::make_unique<AppcachePeer>(capacity);
                      }});

}  // namespace

AppcachePeer::AppcachePeer(size_t capacity)
    : cache_(OpenCache(capacity)),
      backend_(*cache_->backend()),
      prefix_bytes_(cache_->prefix().size() + 1) {}

size_t AppcachePeer::View(std::string_view path) {
  const auto found = backend_.ViewRaw(path, [](std::string_view value) {
    benchmark::DoNotOptimize(value.data()[0]);
  });
  return found ? *found : 0;
}

size_t AppcachePeer::Share(std::string_view path) {
  const auto found = backend_.GetRaw(path);
  if (!found) return 0;
  benchmark::DoNotOptimize(found->data()[0]);
  return found->size();
}

size_t AppcachePeer::Copy(std::string_view path) {
  const auto found = cache_->GetByStr<std::string>(path.substr(prefix_bytes_));
  if (!found) return 0;
  benchmark::DoNotOptimize(found->data());
  return found->size();
}

size_t AppcachePeer::CopyInto(std::string_view path, std::string& value) {
  const auto found = backend_.ViewRaw(
      path, [&](std::string_view stored) { value.assign(stored); });
  return found ? *found : 0;
}

bool AppcachePeer::Set(std::string_view path, std::string_view value) {
  return backend_.SetRaw(path, value, kNoTtl).ok();
}

bool AppcachePeer::Remove(std::string_view path) {
  return backend_.InvalidateRaw(path).ok();
}

bool AppcachePeer::Flush() { return cache_->Flush().ok(); }

}  // namespace appcache::bench
