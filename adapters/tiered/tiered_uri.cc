// The opener of tiered: URIs.

#include <algorithm>
#include <memory>
#include <utility>

#include "appcache/export.h"
#include "appcache/tiered_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

// The prefix of a level would have no effect.
Status ExpectNoPrefix(const internal::Uri& uri) {
  for (const internal::Uri& level : uri.levels) {
    if (std::ranges::any_of(level.options,
                            [](const internal::Uri::Option& option) {
                              return option.name == "prefix";
                            })) {
      return internal::InvalidUri(
          uri,
          "the prefix is an option of the tier itself and stands after the "
          "last |");
    }
  }
  return Status();
}

Result<std::unique_ptr<Cache>> OpenTiered(const internal::Uri& uri,
                                          CacheOptions defaults,
                                          internal::UriOptions& given) {
  TieredOptions options;
  options.cache = defaults;
  given.Duration("max_staleness", options.lease.max_staleness);
  given.Choice<WhenLost>("when_lost",
                         {{"bypass", WhenLost::kBypass},
                          {"bounded", WhenLost::kBounded},
                          {"serve_stale", WhenLost::kServeStale}},
                         options.lease.when_lost);
  given.Duration("max_stale_age", options.lease.max_stale_age);
  given.Duration("max_local_ttl", options.max_local_ttl);
  given.Duration("untracked_ttl", options.untracked_ttl);
  given.Duration("absence_ttl", options.absence_ttl);
  given.Duration("open_for", options.breaker.open_for);
  given.Count("failures", options.breaker.failures);
  given.Count("max_pending", options.max_pending);
  Status status = given.Done();
  if (status.ok()) status = ExpectNoPrefix(uri);
  if (!status.ok()) return status;
  // The backends outlive the caches that they are opened by.
  const Result<std::unique_ptr<Cache>> local =
      internal::OpenUri(uri.levels[0], defaults);
  if (!local.ok()) return local.status();
  const Result<std::unique_ptr<Cache>> remote =
      internal::OpenUri(uri.levels[1], std::move(defaults));
  if (!remote.ok()) return remote.status();
  return internal::ToCache(TieredCache::Open(
      (*local)->backend(), (*remote)->backend(), std::move(options)));
}

const internal::SchemeRegistrar kTiered("tiered", OpenTiered);

}  // namespace
}  // namespace appcache

extern "C" APPCACHE_EXPORT void appcache_scheme_tiered() {}
