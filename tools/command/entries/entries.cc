#include "tools/command/entries/entries.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "appcache/compressor.h"
#include "appcache/key_path.h"
#include "appcache/times.h"
#include "tools/command/entries/selection.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

// Cache::GetByStr<Bytes> for a whole key path, which may have another prefix
// than the cache.
Lookup<Bytes> GetDecompressed(Backend& backend, const std::string& path) {
  const CacheOptions defaults;
  Lookup<Bytes> raw = backend.GetRaw(path);
  if (!raw || !defaults.compressor->IsCompressed(raw->view())) return raw;
  Result<Bytes> plain =
      defaults.compressor->Decompress(raw->view(), defaults.max_inflated_bytes);
  if (!plain.ok()) return Lookup<Bytes>::Failed(plain.status());
  return Lookup<Bytes>::Hit(*std::move(plain));
}

// Prints the report of a miss, in which `field` is null, or of an error.
int ReportMiss(const Status& status, const std::string& path, bool json,
               const char* field) {
  if (!status.ok()) return Fail(status);
  if (!json) return kMiss;
  Json report;
  SetBytes(report, "key", path);
  report["hit"] = false;
  report[field] = nullptr;
  const int printed = PrintJson(report);
  return printed == kDone ? kMiss : printed;
}

Result<std::string> ValueOf(const SetOptions& options) {
  if (options.value != "-") return options.value;
  // No backend accepts a larger value.
  return ReadAll(STDIN_FILENO, SqliteCache::kMaxValueBytes, "standard input");
}

Status Store(Backend& backend, const SetOptions& options,
             const std::string& path, std::string_view value) {
  const CacheOptions defaults;
  // A reader would decompress a value that looks compressed, so such a value is
  // compressed in any case.
  if (!options.compress && !defaults.compressor->IsCompressed(value)) {
    return backend.SetRaw(path, value, options.ttl);
  }
  const Result<Bytes> compressed = defaults.compressor->Compress(value);
  if (!compressed.ok()) return compressed.status();
  return backend.SetRaw(path, compressed->view(), options.ttl);
}

bool HasEntry(Backend& backend, const std::string& path) {
  if (backend.Traits().supports_ttl_query) {
    return backend.TtlRaw(path).is_hit();
  }
  return backend.GetRaw(path).is_hit();
}

// A terminal would act on the control characters of a value.
int PrintValue(std::string_view value, bool raw) {
  if (raw || isatty(STDOUT_FILENO) == 0) return Print(value);
  std::string text("\"");
  for (const char c : Escape(value)) {
    if (c == '"') text += '\\';
    text += c;
  }
  return Print(text + "\"\n");
}

// Of an entry that is there.
int PrintTtl(const std::string& path, appcache::Ttl ttl) {
  Json report;
  SetBytes(report, "key", path);
  report["hit"] = true;
  report["ttl_ms"] = ttl == kNoTtl ? Json(nullptr) : Json(ttl.count());
  return PrintJson(report);
}

int PrintRemoved(const DelOptions& options, uint64_t removed) {
  if (options.json) {
    return PrintJson(Json{{"removed", removed}, {"dry_run", options.dry_run}});
  }
  return Print(std::to_string(removed) +
               (options.dry_run ? " would be removed\n" : " removed\n"));
}

std::string Seconds(std::chrono::milliseconds ttl) {
  std::array<char, 40> text;
  const auto ms = static_cast<long long>(ttl.count());
  std::snprintf(text.data(), text.size(), "%lld.%03lld\n", ms / 1000,
                ms % 1000);
  return text.data();
}

}  // namespace

std::string PathOf(const KeyFlags& flags, const Cache& cache,
                   std::string_view key) {
  if (flags.whole_path) return std::string(key);
  const std::string& prefix = flags.prefix ? *flags.prefix : cache.prefix();
  return std::string(KeyPath(prefix).Segment(key).view());
}

int Get(const GetOptions& options) {
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const std::string path = PathOf(options.keys, **cache, options.key);
  const Lookup<Bytes> found = GetDecompressed(*(*cache)->backend(), path);
  if (!found) return ReportMiss(found.status(), path, options.json, "value");
  if (!options.json) return PrintValue(found->view(), options.raw);
  Json report;
  SetBytes(report, "key", path);
  report["hit"] = true;
  SetBytes(report, "value", found->view());
  return PrintJson(report);
}

int Set(const SetOptions& options) {
  const Result<std::string> value = ValueOf(options);
  if (!value.ok()) return Fail(value.status());
  const auto cache = OpenCache(options.cache, IfMissing::kCreate);
  if (!cache.ok()) return Fail(cache.status());
  const std::string path = PathOf(options.keys, **cache, options.key);
  const Status stored = Store(*(*cache)->backend(), options, path, *value);
  if (!stored.ok()) return Fail(stored);
  if (!options.json) return kDone;
  Json report;
  SetBytes(report, "key", path);
  report["stored"] = true;
  return PrintJson(report);
}

Result<uint64_t> RemoveAll(Backend& backend,
                           const std::vector<std::string>& paths) {
  uint64_t removed = 0;
  for (const std::string& path : paths) {
    const bool was_there = HasEntry(backend, path);
    Status status = backend.InvalidateRaw(path);
    if (!status.ok()) return status;
    removed += was_there ? 1 : 0;
  }
  return removed;
}

int Del(const DelOptions& options) {
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  Backend& backend = *(*cache)->backend();
  Result<Removal> removed = Removal();
  if (options.pattern) {
    const Status listed = CheckCanList(options.cache, **cache);
    if (!listed.ok()) return Fail(listed);
    const Result<Selection> selection =
        Selection::Matching(options.keys, **cache, options.pattern);
    if (!selection.ok()) return Fail(selection.status());
    removed = selection->Remove(backend, options.dry_run);
  } else {
    std::vector<std::string> paths;
    for (const std::string& name : options.names) {
      paths.push_back(PathOf(options.keys, **cache, name));
    }
    const Result<uint64_t> named = RemoveAll(backend, paths);
    if (!named.ok()) return Fail(named.status());
    removed->entries = *named;
  }
  if (!removed.ok()) return Fail(removed.status());
  const int printed = PrintRemoved(options, removed->entries);
  return removed->damage.ok() ? printed : Fail(removed->damage);
}

int Ttl(const TtlOptions& options) {
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const std::string path = PathOf(options.keys, **cache, options.key);
  const Lookup<appcache::Ttl> ttl = (*cache)->backend()->TtlRaw(path);
  if (!ttl) return ReportMiss(ttl.status(), path, options.json, "ttl_ms");
  if (options.json) return PrintTtl(path, *ttl);
  return Print(*ttl != kNoTtl ? Seconds(*ttl) : "never\n");
}

int Expire(const ExpireOptions& options) {
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  const std::string path = PathOf(options.keys, **cache, options.key);
  const Result<bool> found = (*cache)->backend()->SetTtlRaw(path, options.ttl);
  if (!found.ok() || !*found) {
    return ReportMiss(found.status(), path, options.json, "ttl_ms");
  }
  return options.json ? PrintTtl(path, options.ttl) : kDone;
}

}  // namespace appcache::command
