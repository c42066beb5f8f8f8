#include "engine/codec/coded_backend.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace appcache::internal {
namespace {

constexpr std::atomic<uint64_t> kNobody{0};

CacheNames NamesOf(const Backend& backend, const CacheOptions& options) {
  try {
    BackendTraits traits = backend.Traits();
    return {std::move(traits.name), options.prefix, std::move(traits.location)};
  } catch (...) {
    return {"unknown", options.prefix, ""};
  }
}

void CheckAnswered(size_t asked, size_t answered) {
  if (asked == answered) return;
  throw std::logic_error("the backend returned " + std::to_string(answered) +
                         " results for a batch of " + std::to_string(asked));
}

}  // namespace

Status CheckTtl(Ttl ttl) {
  if (ttl >= kNoTtl && ttl <= kMaxTtl) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "the ttl is " + std::to_string(ttl.count()) +
                    " ms; it must be from 0 (never expires) to 100 years");
}

CodedBackend::CodedBackend(Backend& backend, const CacheOptions& options,
                           std::function<CacheStats()> stats)
    : backend_(backend),
      compressor_(options.compressor),
      max_inflated_bytes_(options.max_inflated_bytes),
      recorder_(options.recorder),
      wanted_(recorder_ == nullptr ? kNobody : recorder_->wanted_),
      stats_(std::move(stats)),
      responder_(recorder_ == nullptr
                     ? nullptr
                     : std::make_unique<StatsResponder>(
                           recorder_->layout(), NamesOf(backend, options))) {}

void CodedBackend::Record(AccessKind kind, std::string_view path,
                          size_t value_bytes, Ttl ttl) noexcept {
  recorder_->Record(kind, path, value_bytes, ttl);
  responder_->Answer(stats_);
}

void CodedBackend::RecordGet(std::string_view path,
                             const Lookup<Bytes>& raw) noexcept {
  if (raw) {
    Record(AccessKind::kHit, path, raw->size());
  } else {
    Record(AccessKind::kMiss, path);
  }
}

void CodedBackend::RecordGet(std::string_view path,
                             const Lookup<TimedBytes>& raw) noexcept {
  if (raw) {
    Record(AccessKind::kHit, path, raw->value.size());
  } else {
    Record(AccessKind::kMiss, path);
  }
}

void CodedBackend::RecordView(std::string_view path,
                              const Lookup<size_t>& viewed) noexcept {
  if (viewed) {
    Record(AccessKind::kHit, path, *viewed);
  } else {
    Record(AccessKind::kMiss, path);
  }
}

// Decompressing takes long, and a view may keep the backend from freeing
// memory: the view only copies a compressed value. A second read would cost a
// server another round trip, and count twice.
Lookup<size_t> CodedBackend::View(std::string_view path, ValueVisitor visitor) {
  std::optional<Lookup<Bytes>> compressed;
  const auto show = [&](std::string_view value) {
    if (!compressor_->IsCompressed(value)) return visitor(value);
    compressed = WithoutExceptions<Lookup<Bytes>>(
        [&] { return Lookup<Bytes>::Hit(Bytes::Copy(value)); });
  };
  Lookup<size_t> viewed = backend_.ViewRaw(path, show);
  if (is_watched()) RecordView(path, viewed);
  if (!viewed || !compressed) return viewed;
  compressed->set_origin(viewed.origin());
  return Decode(*std::move(compressed)).Map([&](const Bytes& plain) {
    visitor(plain.view());
    return plain.size();
  });
}

Lookup<Bytes> CodedBackend::Decode(Lookup<Bytes> raw) const {
  if (!raw || !compressor_->IsCompressed(raw->view())) return raw;
  Result<Bytes> plain =
      compressor_->Decompress(raw->view(), max_inflated_bytes_);
  Lookup<Bytes> decoded = plain.ok() ? Lookup<Bytes>::Hit(*std::move(plain))
                                     : Lookup<Bytes>::Failed(plain.status());
  decoded.set_origin(raw.origin());
  return decoded;
}

Lookup<TimedBytes> CodedBackend::Decode(Lookup<TimedBytes> raw) const {
  if (!raw || !compressor_->IsCompressed(raw->value.view())) return raw;
  const Ttl remaining_ttl = raw->remaining_ttl;
  Lookup<Bytes> value = Lookup<Bytes>::Hit(std::move(raw->value));
  value.set_origin(raw.origin());
  return Decode(std::move(value)).Map([&](const Bytes& plain) {
    return TimedBytes{plain, remaining_ttl};
  });
}

std::vector<Lookup<Bytes>> CodedBackend::ReadMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<Bytes>> results = backend_.GetManyRaw(paths);
  CheckAnswered(paths.size(), results.size());
  for (size_t i = 0; is_watched() && i < paths.size(); ++i) {
    RecordGet(paths[i], results[i]);
  }
  for (Lookup<Bytes>& found : results) found = Decode(std::move(found));
  return results;
}

std::vector<Lookup<TimedBytes>> CodedBackend::ReadManyTimed(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results = backend_.GetManyTimedRaw(paths);
  CheckAnswered(paths.size(), results.size());
  for (size_t i = 0; is_watched() && i < paths.size(); ++i) {
    RecordGet(paths[i], results[i]);
  }
  for (Lookup<TimedBytes>& found : results) found = Decode(std::move(found));
  return results;
}

Result<std::string_view> CodedBackend::Encode(std::string_view bytes,
                                              Compression compression,
                                              Bytes& compressed) const {
  // Bytes that look compressed would be decompressed when they are read.
  if (compression == Compression::kNone && !compressor_->IsCompressed(bytes)) {
    return bytes;
  }
  Result<Bytes> made = compressor_->Compress(bytes);
  if (!made.ok()) return made.status();
  compressed = *std::move(made);
  return compressed.view();
}

Status CodedBackend::Write(std::string_view path, std::string_view bytes,
                           Ttl ttl, Compression compression) {
  if (Status valid = CheckTtl(ttl); !valid.ok()) return valid;
  Bytes compressed;
  const Result<std::string_view> encoded =
      Encode(bytes, compression, compressed);
  if (!encoded.ok()) return encoded.status();
  Status written = backend_.SetRaw(path, *encoded, ttl);
  if (is_watched()) {
    Record(AccessKind::kSet, path, encoded->size(), ttl);
  }
  return written;
}

Status CodedBackend::WriteMany(std::span<const RawEntry> entries) {
  Status written = backend_.SetManyRaw(entries);
  for (size_t i = 0; is_watched() && i < entries.size(); ++i) {
    const RawEntry& entry = entries[i];
    Record(AccessKind::kSet, entry.path, entry.value.size(), entry.ttl);
  }
  return written;
}

Status CodedBackend::Remove(std::string_view path) {
  Status removed = backend_.InvalidateRaw(path);
  if (is_watched()) Record(AccessKind::kInvalidate, path);
  return removed;
}

Status CodedBackend::RemoveMany(std::span<const std::string_view> paths) {
  Status removed = backend_.InvalidateManyRaw(paths);
  for (size_t i = 0; is_watched() && i < paths.size(); ++i) {
    Record(AccessKind::kInvalidate, paths[i]);
  }
  return removed;
}

bool CodedBackend::supports_ttl_query() {
  TtlSupport support = ttl_support_.load(std::memory_order_relaxed);
  if (support == TtlSupport::kUnknown) {
    support = backend_.Traits().supports_ttl_query ? TtlSupport::kYes
                                                   : TtlSupport::kNo;
    ttl_support_.store(support, std::memory_order_relaxed);
  }
  return support == TtlSupport::kYes;
}

}  // namespace appcache::internal
