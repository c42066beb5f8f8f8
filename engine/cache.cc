#include "engine/cache.h"

#include <cassert>
#include <new>
#include <stdexcept>

namespace appcache {
namespace {

Status CheckTtl(Ttl ttl) {
  if (ttl < kNoTtl) {
    return Status(ErrorCode::kInvalidArgument,
                  "a ttl of " + std::to_string(ttl.count()) +
                      " ms: it must be zero (never ends) or more");
  }
  if (ttl > kMaxTtl) {
    return Status(ErrorCode::kInvalidArgument,
                  "a ttl of " + std::to_string(ttl.count()) +
                      " ms is over 100 years; zero never ends");
  }
  return Status();
}

Status TtlsUntold(const BackendTraits& traits) {
  return Status(ErrorCode::kUnsupported,
                "the backend " + traits.name + " does not tell ttls");
}

CacheOptions WithClock(CacheOptions options) {
  if (options.load_clock == nullptr) options.load_clock = Clock::Steady();
  return options;
}

}  // namespace

Cache::Cache(CacheOptions options) : options_(WithClock(std::move(options))) {
  assert(options_.compressor != nullptr);
  assert(options_.log != nullptr);
}

Cache::~Cache() {
  assert(loads_.Get().background.is_over() &&
         "a backend's destructor has to call FinishLoads");
}

void Cache::FinishLoads() noexcept {
  try {
    loads_.Get().background.Finish();
  } catch (const std::bad_alloc&) {
    // In a child that has made no load of its own, for which memory would have
    // been needed.
  }
}

Lookup<Bytes> Cache::Decompressed(Lookup<Bytes> raw) const {
  if (!raw || !options_.compressor->IsCompressed(raw->view())) return raw;
  Result<Bytes> plain =
      options_.compressor->Decompress(raw->view(), options_.max_inflated_bytes);
  Lookup<Bytes> found = plain.ok() ? Lookup<Bytes>::Hit(*std::move(plain))
                                   : Lookup<Bytes>::Failed(plain.status());
  found.set_level(raw.level());
  return found;
}

Lookup<Bytes> Cache::Read(std::string_view path) {
  return Decompressed(GetRaw(path));
}

Lookup<TimedBytes> Cache::ReadTimed(std::string_view path) {
  return DecompressedTimed(GetTimedRaw(path));
}

Lookup<TimedBytes> Cache::DecompressedTimed(Lookup<TimedBytes> raw) const {
  if (!raw) return raw;
  Lookup<Bytes> plain = Decompressed(Lookup<Bytes>::Hit(std::move(raw->value)));
  if (!plain) return Lookup<TimedBytes>::Failed(plain.status());
  return Lookup<TimedBytes>::Hit({*std::move(plain), raw->left});
}

void Cache::ReadMany(std::span<const std::string_view> paths, bool timed,
                     std::vector<Lookup<TimedBytes>>& results) {
  if (timed) {
    results = GetManyTimedRaw(paths);
  } else {
    for (Lookup<Bytes>& found : GetManyRaw(paths)) {
      results.push_back(
          found ? Lookup<TimedBytes>::Hit({*std::move(found), kNoTtl})
          : found.has_error() ? Lookup<TimedBytes>::Failed(found.status())
                              : Lookup<TimedBytes>::Miss());
    }
  }
  CheckAnswered(paths.size(), results.size());
  for (Lookup<TimedBytes>& found : results) {
    found = DecompressedTimed(std::move(found));
  }
}

bool Cache::TellsTtl() {
  Told told = tells_ttl_.load(std::memory_order_relaxed);
  if (told == Told::kUnasked) {
    told = Traits().tells_ttl ? Told::kYes : Told::kNo;
    tells_ttl_.store(told, std::memory_order_relaxed);
  }
  return told == Told::kYes;
}

Result<Ttl> Cache::LoadTtl(Ttl ttl, const LoadOptions& options) {
  if (Status valid = CheckTtl(ttl); !valid.ok()) return valid;
  const double draw =
      options.ttl_jitter > 0 ? loads_.Get().chance.Draw(options_.load_seed) : 0;
  return TtlToStore(ttl, options, options.stale_for > kNoTtl && TellsTtl(),
                    draw);
}

Result<std::string_view> Cache::Encode(std::string_view bytes,
                                       Compression compression,
                                       Bytes& compressed) const {
  // What looks compressed would come back decompressed.
  if (compression == Compression::kNone &&
      !options_.compressor->IsCompressed(bytes)) {
    return bytes;
  }
  Result<Bytes> made = options_.compressor->Compress(bytes);
  if (!made.ok()) return made.status();
  compressed = *std::move(made);
  return compressed.view();
}

Status Cache::Store(std::string_view path, std::string_view bytes, Ttl ttl,
                    Compression compression) {
  try {
    Status valid = CheckTtl(ttl);
    if (!valid.ok()) return valid;
    Bytes compressed;
    const Result<std::string_view> encoded =
        Encode(bytes, compression, compressed);
    if (!encoded.ok()) return encoded.status();
    return SetRaw(path, *encoded, ttl);
  } catch (...) {
    return CurrentException();
  }
}

void Cache::StoreLoaded(std::span<const RawEntry> entries,
                        std::span<const std::string_view> removed) {
  if (!entries.empty()) {
    const Status stored = SetManyRaw(entries);
    if (!stored.ok()) WarnLoadNotStored(stored);
  }
  if (!removed.empty()) {
    const Status status = InvalidateManyRaw(removed);
    if (!status.ok()) WarnLoadNotStored(status);
  }
}

Status Cache::Write(std::string_view path, std::string_view bytes, Ttl ttl,
                    Compression compression) {
  Loads& loads = loads_.Get();
  const SingleFlight::Write write(loads.flights, path);
  loads.Forget(path);
  return Store(path, bytes, ttl, compression);
}

Status Cache::Remove(std::string_view path) {
  Loads& loads = loads_.Get();
  const SingleFlight::Write write(loads.flights, path);
  loads.Forget(path);
  return InvalidateRaw(path);
}

Status Cache::InvalidateByStr(std::string_view key) {
  try {
    KeyPath path(options_.prefix);
    path.Segment(key);
    return Remove(path.view());
  } catch (...) {
    return CurrentException();
  }
}

Status Cache::WriteMany(std::span<const RawEntry> entries) {
  for (const RawEntry& entry : entries) {
    Status valid = CheckTtl(entry.ttl);
    if (!valid.ok()) return valid;
  }
  Loads& loads = loads_.Get();
  SingleFlight::WriteMany write(loads.flights);
  for (const RawEntry& entry : entries) {
    write.Supersede(entry.path);
    loads.Forget(entry.path);
  }
  return SetManyRaw(entries);
}

Status Cache::RemoveMany(std::span<const std::string_view> paths) {
  Loads& loads = loads_.Get();
  SingleFlight::WriteMany write(loads.flights);
  for (const std::string_view path : paths) {
    write.Supersede(path);
    loads.Forget(path);
  }
  return InvalidateManyRaw(paths);
}

Status Cache::InvalidatePrefix(std::string_view key_prefix) {
  try {
    KeyPath path(options_.prefix);
    path.Segment(key_prefix);
    Loads& loads = loads_.Get();
    // Which loads it concerns is not known: none stores.
    SingleFlight::WriteMany write(loads.flights);
    write.SupersedeAll();
    loads.ForgetAll();
    return InvalidatePrefixRaw(path.view());
  } catch (...) {
    return CurrentException();
  }
}

Status Cache::Clear() {
  try {
    Loads& loads = loads_.Get();
    SingleFlight::WriteMany write(loads.flights);
    write.SupersedeAll();
    loads.ForgetAll();
    return ClearRaw();
  } catch (...) {
    return CurrentException();
  }
}

CacheStats Cache::Stats() const {
  CacheStats stats = RawStats();
  load_counters_.AddTo(stats);
  return stats;
}

Result<bool> Cache::AddRaw(std::string_view, std::string_view, Ttl) {
  return WithoutExceptions<Result<bool>>([this]() -> Result<bool> {
    return Status(
        ErrorCode::kUnsupported,
        "the backend " + Traits().name +
            " does not add: it sets whether there is an entry or not");
  });
}

Status Cache::InvalidatePrefixRaw(std::string_view) {
  return WithoutExceptions<Status>([this] {
    return Status(ErrorCode::kUnsupported,
                  "the backend " + Traits().name +
                      " does not find its entries by a prefix; give them a "
                      "namespace");
  });
}

Lookup<Ttl> Cache::TtlByStr(std::string_view key) {
  return TtlOf(Key<Bytes>(key));
}

Lookup<Ttl> Cache::TtlRaw(std::string_view) {
  return WithoutExceptions<Lookup<Ttl>>(
      [this] { return Lookup<Ttl>::Failed(TtlsUntold(Traits())); });
}

Lookup<TimedBytes> Cache::GetTimedRaw(std::string_view) {
  return WithoutExceptions<Lookup<TimedBytes>>(
      [this] { return Lookup<TimedBytes>::Failed(TtlsUntold(Traits())); });
}

std::vector<Lookup<TimedBytes>> Cache::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results;
  results.reserve(paths.size());
  for (const std::string_view path : paths) {
    results.push_back(GetTimedRaw(path));
  }
  return results;
}

Result<std::unique_ptr<Watch>> Cache::WatchRaw(const WatchOptions&,
                                               WatchListener&) {
  return WithoutExceptions<Result<std::unique_ptr<Watch>>>(
      [this]() -> Result<std::unique_ptr<Watch>> {
        return Status(ErrorCode::kUnsupported,
                      "the backend " + Traits().name +
                          " does not tell what others change in it");
      });
}

Result<std::string> Cache::Ping() {
  return WithoutExceptions<Result<std::string>>(
      [this]() -> Result<std::string> {
        const Lookup<Bytes> found = GetRaw("appcache ping");
        if (found.has_error()) return found.status();
        return std::string();
      });
}

std::vector<Lookup<Bytes>> Cache::GetManyRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<Bytes>> results;
  results.reserve(paths.size());
  for (const std::string_view path : paths) results.push_back(GetRaw(path));
  return results;
}

Status Cache::SetManyRaw(std::span<const RawEntry> entries) {
  Status first_error;
  for (const RawEntry& entry : entries) {
    const Status status = SetRaw(entry.path, entry.value, entry.ttl);
    if (first_error.ok()) first_error = status;
  }
  return first_error;
}

Status Cache::InvalidateManyRaw(std::span<const std::string_view> paths) {
  Status first_error;
  for (const std::string_view path : paths) {
    const Status status = InvalidateRaw(path);
    if (first_error.ok()) first_error = status;
  }
  return first_error;
}

void Cache::CheckAnswered(size_t asked, size_t answered) {
  if (asked == answered) return;
  throw std::logic_error("a backend answered a batch with another number");
}

void Cache::Log(LogLevel level, std::string_view message) const noexcept {
  options_.log(level, message);
}

Status Cache::WarnNoNamespace(std::string_view operation) const {
  std::string message("unable to ");
  message.append(operation).append(" a key: its namespace does not exist");
  Log(LogLevel::kWarning, message);
  return Status();
}

void Cache::WarnLoadNotStored(const Status& status) const noexcept {
  try {
    Log(LogLevel::kWarning,
        "a loaded value was not stored: " +
            (status.ok() ? std::string("the key's namespace does not exist")
                         : status.ToString()));
  } catch (...) {
    // Out of memory for a log line: the caller still gets the value.
  }
}

void Cache::WarnBackgroundLoadFailed() const noexcept {
  const Status failure = CurrentException();
  try {
    Log(LogLevel::kWarning,
        "a load in the background failed: " + failure.ToString());
  } catch (...) {
    // Out of memory for a log line.
  }
}

Status Cache::CurrentException() noexcept {
  // The outer try is for a Status for which memory does not suffice.
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      return Status::OutOfMemory();
    } catch (const std::exception& exception) {
      return Status(
          ErrorCode::kInternal,
          std::string("an exception was thrown: ") + exception.what());
    } catch (...) {
      return Status(ErrorCode::kInternal,
                    "an exception of no standard type was thrown");
    }
  } catch (...) {
    return Status::OutOfMemory();
  }
}

}  // namespace appcache
