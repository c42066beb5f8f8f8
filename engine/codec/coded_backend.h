// CodedBackend: a backend with the encoding of values. What it reads is
// decompressed, and what it writes is checked and, where asked for, compressed.
// All accesses of a Cache to entries pass through it, so it records them and
// answers `appcache stats`, too.

#ifndef APPCACHE_ENGINE_CODEC_CODED_BACKEND_H_
#define APPCACHE_ENGINE_CODEC_CODED_BACKEND_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/access_recorder.h"
#include "appcache/backend.h"
#include "appcache/cache_options.h"
#include "appcache/compressor.h"
#include "engine/record/stats_responder.h"

namespace appcache::internal {

// kInvalidArgument unless `ttl` is in [0, kMaxTtl].
Status CheckTtl(Ttl ttl);

// Thread-safe. Throws what the backend and the compressor throw.
class CodedBackend {
 public:
  // `backend` must outlive this object. `stats` returns the statistics of the
  // cache; it is called by accesses only, and must not throw.
  CodedBackend(Backend& backend, const CacheOptions& options,
               std::function<CacheStats()> stats);

  Lookup<Bytes> Read(std::string_view path) {
    Lookup<Bytes> raw = backend_.GetRaw(path);
    if (is_watched()) RecordGet(path, raw);
    return Decode(std::move(raw));
  }
  // The same for a request that has read before, which is recorded once.
  Lookup<Bytes> ReadAgain(std::string_view path) {
    return Decode(backend_.GetRaw(path));
  }
  // Calls `visitor` with the value of a hit, and returns its size. A value that
  // is stored as it is may be shown inside the read of the backend: `visitor`
  // must not throw.
  Lookup<size_t> View(std::string_view path, ValueVisitor visitor);
  Lookup<TimedBytes> ReadTimed(std::string_view path) {
    Lookup<TimedBytes> raw = backend_.GetTimedRaw(path);
    if (is_watched()) RecordGet(path, raw);
    return Decode(std::move(raw));
  }
  // One Lookup for each path.
  std::vector<Lookup<Bytes>> ReadMany(std::span<const std::string_view> paths);
  std::vector<Lookup<TimedBytes>> ReadManyTimed(
      std::span<const std::string_view> paths);

  Status Write(std::string_view path, std::string_view bytes, Ttl ttl,
               Compression compression);
  // Values that Encode returned, with valid ttls.
  Status WriteMany(std::span<const RawEntry> entries);
  Status Remove(std::string_view path);
  Status RemoveMany(std::span<const std::string_view> paths);

  // `bytes` as they are stored. `compressed` owns them if they differ.
  Result<std::string_view> Encode(std::string_view bytes,
                                  Compression compression,
                                  Bytes& compressed) const;

  // Traits().supports_ttl_query, which is asked for once.
  bool supports_ttl_query();

  Backend& backend() const noexcept { return backend_; }

 private:
  enum class TtlSupport : char { kUnknown, kNo, kYes };

  Lookup<Bytes> Decode(Lookup<Bytes> raw) const;
  Lookup<TimedBytes> Decode(Lookup<TimedBytes> raw) const;

  // Whether accesses are recorded, or statistics are asked for.
  bool is_watched() const noexcept {
    return wanted_.load(std::memory_order_relaxed) != 0;
  }
  // Out of line: called only while is_watched().
  void Record(AccessKind kind, std::string_view path, size_t value_bytes = 0,
              Ttl ttl = kNoTtl) noexcept;
  void RecordGet(std::string_view path, const Lookup<Bytes>& raw) noexcept;
  void RecordGet(std::string_view path, const Lookup<TimedBytes>& raw) noexcept;
  void RecordView(std::string_view path, const Lookup<size_t>& viewed) noexcept;

  Backend& backend_;
  const std::shared_ptr<const Compressor> compressor_;
  const size_t max_inflated_bytes_;
  const std::shared_ptr<AccessRecorder> recorder_;
  // That of the recorder; 0 if there is none. Read by every access.
  const std::atomic<uint64_t>& wanted_;
  std::atomic<TtlSupport> ttl_support_{TtlSupport::kUnknown};
  const std::function<CacheStats()> stats_;
  // Null without a recorder.
  const std::unique_ptr<StatsResponder> responder_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_CODEC_CODED_BACKEND_H_
