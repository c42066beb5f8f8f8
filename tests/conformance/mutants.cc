// Backends that each do one thing wrong, which the suite has to find:
// mutants_test.sh.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/conformance/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

struct KeysCutOff : MapCache {
  using MapCache::MapCache;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    return MapCache::GetRaw(path.substr(0, 250));
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapCache::SetRaw(path.substr(0, 250), value, ttl);
  }
};

struct KeysEndAtNul : MapCache {
  using MapCache::MapCache;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    return MapCache::GetRaw(path.substr(0, path.find('\0')));
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapCache::SetRaw(path.substr(0, path.find('\0')), value, ttl);
  }
};

struct NoTtl : MapCache {
  using MapCache::MapCache;
  Status SetRaw(std::string_view path, std::string_view value, Ttl) override {
    return MapCache::SetRaw(path, value, kNoTtl);
  }
};

struct TtlOneTooLong : MapCache {
  using MapCache::MapCache;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapCache::SetRaw(path, value, ttl == kNoTtl ? ttl : ttl + Ttl(1));
  }
};

struct EmptyValuesAreMisses : MapCache {
  using MapCache::MapCache;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    Lookup<Bytes> found = MapCache::GetRaw(path);
    return found && found->empty() ? Lookup<Bytes>::Miss() : found;
  }
};

struct LargeValuesAreCutOff : MapCache {
  using MapCache::MapCache;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapCache::SetRaw(path, value.substr(0, size_t{1} << 20), ttl);
  }
};

struct NoClear : MapCache {
  using MapCache::MapCache;
  Status ClearRaw() override { return Status(); }
};

struct BatchInWrongOrder : MapCache {
  using MapCache::MapCache;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override {
    std::vector<Lookup<Bytes>> found = MapCache::GetManyRaw(paths);
    std::reverse(found.begin(), found.end());
    return found;
  }
};

struct BatchWithoutTtl : MapCache {
  using MapCache::MapCache;
  Status SetManyRaw(std::span<const RawEntry> entries) override {
    for (const RawEntry& entry : entries) {
      Status status = SetRaw(entry.path, entry.value, kNoTtl);
      if (!status.ok()) return status;
    }
    return Status();
  }
};

struct TooLargeLeavesTheOldValue : MapCache {
  using MapCache::MapCache;
  BackendTraits Traits() const override {
    BackendTraits traits = MapCache::Traits();
    traits.max_value_bytes = 1000;
    return traits;
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    if (value.size() > 1000) return Status(ErrorCode::kTooLarge, "too large");
    return MapCache::SetRaw(path, value, ttl);
  }
};

struct TimedGetTellsTooLong : MapCache {
  using MapCache::MapCache;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Lookup<TimedBytes> found = MapCache::GetTimedRaw(path);
    if (found && found->left != kNoTtl) ++found->left;
    return found;
  }
};

struct TimedGetNeverEnds : MapCache {
  using MapCache::MapCache;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Lookup<TimedBytes> found = MapCache::GetTimedRaw(path);
    if (found) found->left = kNoTtl;
    return found;
  }
};

struct TimedBatchGivesOneTtlToAll : MapCache {
  using MapCache::MapCache;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override {
    std::vector<Lookup<TimedBytes>> found = MapCache::GetManyTimedRaw(paths);
    Ttl left = kNoTtl;
    for (const Lookup<TimedBytes>& one : found) {
      if (one) left = std::max(left, one->left);
    }
    for (Lookup<TimedBytes>& one : found) {
      if (one) one->left = left;
    }
    return found;
  }
};

struct AddIsASet : MapCache {
  using MapCache::MapCache;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    const Status set = MapCache::SetRaw(path, value, ttl);
    if (!set.ok()) return set;
    return true;
  }
};

struct AddNeverEnds : MapCache {
  using MapCache::MapCache;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl) override {
    return MapCache::AddRaw(path, value, kNoTtl);
  }
};

struct RefusedAddTakesTheTtl : MapCache {
  using MapCache::MapCache;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    const Lookup<Bytes> there = MapCache::GetRaw(path);
    if (!there) return MapCache::AddRaw(path, value, ttl);
    const Status set = MapCache::SetRaw(path, there->view(), ttl);
    if (!set.ok()) return set;
    return false;
  }
};

struct PrefixIsASegment : MapCache {
  using MapCache::MapCache;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    return MapCache::InvalidatePrefixRaw(
        prefix.substr(0, prefix.rfind('/') + 1));
  }
};

struct PrefixIsCutOff : MapCache {
  using MapCache::MapCache;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    return MapCache::InvalidatePrefixRaw(prefix.substr(0, 250));
  }
};

struct PrefixOfHighBytesIsLost : MapCache {
  using MapCache::MapCache;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    const bool has_end = prefix.find_first_not_of('\xff') < prefix.size();
    return has_end || prefix.empty() ? MapCache::InvalidatePrefixRaw(prefix)
                                     : Status();
  }
};

template <class Mutant>
Backend Make(const char* name) {
  return {
      name, [](const std::string&, CacheOptions options, SharedClock clock) {
        return std::make_shared<Mutant>(std::move(options), std::move(clock));
      }};
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, ConformanceTest,
    testing::Values(
        Make<MapCache>("None"), Make<KeysCutOff>("KeysCutOff"),
        Make<KeysEndAtNul>("KeysEndAtNul"), Make<NoTtl>("NoTtl"),
        Make<TtlOneTooLong>("TtlOneTooLong"),
        Make<EmptyValuesAreMisses>("EmptyValuesAreMisses"),
        Make<LargeValuesAreCutOff>("LargeValuesAreCutOff"),
        Make<NoClear>("NoClear"), Make<BatchInWrongOrder>("BatchInWrongOrder"),
        Make<BatchWithoutTtl>("BatchWithoutTtl"),
        Make<TooLargeLeavesTheOldValue>("TooLargeLeavesTheOldValue"),
        Make<TimedGetTellsTooLong>("TimedGetTellsTooLong"),
        Make<TimedGetNeverEnds>("TimedGetNeverEnds"),
        Make<TimedBatchGivesOneTtlToAll>("TimedBatchGivesOneTtlToAll"),
        Make<AddIsASet>("AddIsASet"), Make<AddNeverEnds>("AddNeverEnds"),
        Make<RefusedAddTakesTheTtl>("RefusedAddTakesTheTtl"),
        Make<PrefixIsASegment>("PrefixIsASegment"),
        Make<PrefixIsCutOff>("PrefixIsCutOff"),
        Make<PrefixOfHighBytesIsLost>("PrefixOfHighBytesIsLost")),
    NameOfBackend);

}  // namespace
}  // namespace appcache
