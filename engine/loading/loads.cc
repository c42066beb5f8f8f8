#include "engine/loading/loads.h"

#include <algorithm>

namespace appcache {

void LoadCounters::AddTo(CacheStats& stats) const noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  stats.loads += loads.load(kRelaxed);
  stats.load_failures += failures.load(kRelaxed);
  stats.loads_shared += shared.load(kRelaxed);
  stats.negative_hits += negative_hits.load(kRelaxed);
}

void Loads::AddAbsence(std::string_view path, TimePoint now,
                       Ttl remembered_for) {
  if (remembered_for <= Ttl(0)) return;
  absences.Add(path, now + std::min(remembered_for, kMaxTtl));
}

}  // namespace appcache
