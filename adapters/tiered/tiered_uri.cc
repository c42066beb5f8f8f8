// tiered:, for Open.

#include <algorithm>
#include <string>
#include <utility>

#include "adapters/tiered/tiered_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

Status ExpectNoPrefix(const Uri& uri) {
  for (const Uri& level : uri.levels) {
    if (std::ranges::any_of(level.options, [](const Uri::Option& option) {
          return option.name == "prefix";
        })) {
      return WrongForm(uri, "the prefix is an option of the tier itself");
    }
  }
  return Status();
}

Result<std::unique_ptr<Cache>> OpenTiered(const Uri& uri, CacheOptions defaults,
                                          UriOptions& given) {
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
  Result<std::unique_ptr<Cache>> local = OpenUri(uri.levels[0], defaults);
  if (!local.ok()) return local;
  Result<std::unique_ptr<Cache>> remote =
      OpenUri(uri.levels[1], std::move(defaults));
  if (!remote.ok()) return remote;
  return ToCache(TieredCache::Open(*std::move(local), *std::move(remote),
                                   std::move(options)));
}

const SchemeRegistrar kTiered("tiered", OpenTiered);

}  // namespace
}  // namespace appcache
