// Backends that each have one fault. mutants_test.sh checks that the suite
// finds every one of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/testing/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

struct KeysAreTruncated : MapBackend {
  using MapBackend::MapBackend;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    return MapBackend::GetRaw(path.substr(0, 250));
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapBackend::SetRaw(path.substr(0, 250), value, ttl);
  }
};

struct KeysEndAtNul : MapBackend {
  using MapBackend::MapBackend;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    return MapBackend::GetRaw(path.substr(0, path.find('\0')));
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapBackend::SetRaw(path.substr(0, path.find('\0')), value, ttl);
  }
};

struct SetIgnoresTheTtl : MapBackend {
  using MapBackend::MapBackend;
  Status SetRaw(std::string_view path, std::string_view value, Ttl) override {
    return MapBackend::SetRaw(path, value, kNoTtl);
  }
};

struct SetAddsAMillisecond : MapBackend {
  using MapBackend::MapBackend;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapBackend::SetRaw(path, value, ttl == kNoTtl ? ttl : ttl + Ttl(1));
  }
};

struct EmptyValuesAreMisses : MapBackend {
  using MapBackend::MapBackend;
  Lookup<Bytes> GetRaw(std::string_view path) override {
    Lookup<Bytes> found = MapBackend::GetRaw(path);
    return found && found->empty() ? Lookup<Bytes>::Miss() : found;
  }
};

struct LargeValuesAreTruncated : MapBackend {
  using MapBackend::MapBackend;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return MapBackend::SetRaw(path, value.substr(0, size_t{1} << 20), ttl);
  }
};

struct ClearDoesNothing : MapBackend {
  using MapBackend::MapBackend;
  Status ClearRaw() override { return Status(); }
};

struct WalkIgnoresThePrefix : MapBackend {
  using MapBackend::MapBackend;
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override {
    return MapBackend::WalkRaw({"", options.with_values}, visit);
  }
};

struct WalkVisitsTwice : MapBackend {
  using MapBackend::MapBackend;
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override {
    return MapBackend::WalkRaw(options, [&](const WalkedEntry& entry) {
      return visit(entry) && visit(entry);
    });
  }
};

struct WalkHasNoExpiry : MapBackend {
  using MapBackend::MapBackend;
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override {
    return MapBackend::WalkRaw(options, [&](const WalkedEntry& entry) {
      return visit({entry.path, entry.value, entry.value_bytes});
    });
  }
};

struct NewTtlCountsFromTheSet : MapBackend {
  using MapBackend::MapBackend;
  Result<bool> SetTtlRaw(std::string_view path, Ttl) override {
    return TtlRaw(path).is_hit();
  }
};

struct NewTtlMakesAnEntry : MapBackend {
  using MapBackend::MapBackend;
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override {
    const Result<bool> found = MapBackend::SetTtlRaw(path, ttl);
    if (found.ok() && !*found) (void)SetRaw(path, "", ttl).ok();
    return found;
  }
};

struct BatchInWrongOrder : MapBackend {
  using MapBackend::MapBackend;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override {
    std::vector<Lookup<Bytes>> found = MapBackend::GetManyRaw(paths);
    std::reverse(found.begin(), found.end());
    return found;
  }
};

struct BatchIgnoresTtls : MapBackend {
  using MapBackend::MapBackend;
  Status SetManyRaw(std::span<const RawEntry> entries) override {
    for (const RawEntry& entry : entries) {
      Status status = SetRaw(entry.path, entry.value, kNoTtl);
      if (!status.ok()) return status;
    }
    return Status();
  }
};

struct TooLargeKeepsTheOldValue : MapBackend {
  using MapBackend::MapBackend;
  BackendTraits Traits() const override {
    BackendTraits traits = MapBackend::Traits();
    traits.max_value_bytes = 1000;
    return traits;
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    if (value.size() > 1000) return Status(ErrorCode::kTooLarge, "too large");
    return MapBackend::SetRaw(path, value, ttl);
  }
};

struct TimedGetReportsALongerTtl : MapBackend {
  using MapBackend::MapBackend;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Lookup<TimedBytes> found = MapBackend::GetTimedRaw(path);
    if (found && found->remaining_ttl != kNoTtl) ++found->remaining_ttl;
    return found;
  }
};

struct TimedGetReportsNoTtl : MapBackend {
  using MapBackend::MapBackend;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Lookup<TimedBytes> found = MapBackend::GetTimedRaw(path);
    if (found) found->remaining_ttl = kNoTtl;
    return found;
  }
};

struct TimedBatchReportsOneTtlForAll : MapBackend {
  using MapBackend::MapBackend;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override {
    std::vector<Lookup<TimedBytes>> found = MapBackend::GetManyTimedRaw(paths);
    Ttl left = kNoTtl;
    for (const Lookup<TimedBytes>& one : found) {
      if (one) left = std::max(left, one->remaining_ttl);
    }
    for (Lookup<TimedBytes>& one : found) {
      if (one) one->remaining_ttl = left;
    }
    return found;
  }
};

struct AddIsASet : MapBackend {
  using MapBackend::MapBackend;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    const Status set = MapBackend::SetRaw(path, value, ttl);
    if (!set.ok()) return set;
    return true;
  }
};

struct AddIgnoresTheTtl : MapBackend {
  using MapBackend::MapBackend;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl) override {
    return MapBackend::AddRaw(path, value, kNoTtl);
  }
};

struct RefusedAddChangesTheTtl : MapBackend {
  using MapBackend::MapBackend;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    const Lookup<Bytes> there = MapBackend::GetRaw(path);
    if (!there) return MapBackend::AddRaw(path, value, ttl);
    const Status set = MapBackend::SetRaw(path, there->view(), ttl);
    if (!set.ok()) return set;
    return false;
  }
};

struct PrefixEndsAtASlash : MapBackend {
  using MapBackend::MapBackend;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    return MapBackend::InvalidatePrefixRaw(
        prefix.substr(0, prefix.rfind('/') + 1));
  }
};

struct PrefixIsTruncated : MapBackend {
  using MapBackend::MapBackend;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    return MapBackend::InvalidatePrefixRaw(prefix.substr(0, 250));
  }
};

struct PrefixOfHighBytesRemovesNothing : MapBackend {
  using MapBackend::MapBackend;
  Status InvalidatePrefixRaw(std::string_view prefix) override {
    const bool has_end = prefix.find_first_not_of('\xff') < prefix.size();
    return has_end || prefix.empty() ? MapBackend::InvalidatePrefixRaw(prefix)
                                     : Status();
  }
};

struct ViewTruncatesTheValue : MapBackend {
  using MapBackend::MapBackend;
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    return MapBackend::ViewRaw(path, [visitor](std::string_view value) {
      visitor(value.substr(0, size_t{1} << 20));
    });
  }
};

struct ViewSkipsEmptyValues : MapBackend {
  using MapBackend::MapBackend;
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    return MapBackend::ViewRaw(path, [visitor](std::string_view value) {
      if (!value.empty()) visitor(value);
    });
  }
};

struct ViewShowsExpiredValues : MapBackend {
  using MapBackend::MapBackend;
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    const std::string stored = StoredAt(path);
    if (stored == "<none>") return Lookup<size_t>::Miss();
    visitor(stored);
    return Lookup<size_t>::Hit(stored.size());
  }
};

struct ViewOfAMissShowsAnEmptyValue : MapBackend {
  using MapBackend::MapBackend;
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override {
    Lookup<size_t> viewed = MapBackend::ViewRaw(path, visitor);
    if (!viewed) visitor("");
    return viewed;
  }
};

template <class Mutant>
BackendUnderTest Make(const char* name) {
  return {name,
          [](const std::string&, CacheOptions options, SharedClock clock) {
            return std::make_shared<MapCache>(
                std::make_shared<Mutant>(std::move(clock)), std::move(options));
          }};
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, ConformanceTest,
    testing::Values(
        Make<MapBackend>("None"), Make<KeysAreTruncated>("KeysAreTruncated"),
        Make<KeysEndAtNul>("KeysEndAtNul"),
        Make<SetIgnoresTheTtl>("SetIgnoresTheTtl"),
        Make<SetAddsAMillisecond>("SetAddsAMillisecond"),
        Make<EmptyValuesAreMisses>("EmptyValuesAreMisses"),
        Make<LargeValuesAreTruncated>("LargeValuesAreTruncated"),
        Make<ClearDoesNothing>("ClearDoesNothing"),
        Make<BatchInWrongOrder>("BatchInWrongOrder"),
        Make<BatchIgnoresTtls>("BatchIgnoresTtls"),
        Make<TooLargeKeepsTheOldValue>("TooLargeKeepsTheOldValue"),
        Make<TimedGetReportsALongerTtl>("TimedGetReportsALongerTtl"),
        Make<TimedGetReportsNoTtl>("TimedGetReportsNoTtl"),
        Make<TimedBatchReportsOneTtlForAll>("TimedBatchReportsOneTtlForAll"),
        Make<AddIsASet>("AddIsASet"),
        Make<AddIgnoresTheTtl>("AddIgnoresTheTtl"),
        Make<RefusedAddChangesTheTtl>("RefusedAddChangesTheTtl"),
        Make<PrefixEndsAtASlash>("PrefixEndsAtASlash"),
        Make<PrefixIsTruncated>("PrefixIsTruncated"),
        Make<PrefixOfHighBytesRemovesNothing>(
            "PrefixOfHighBytesRemovesNothing"),
        Make<WalkIgnoresThePrefix>("WalkIgnoresThePrefix"),
        Make<WalkVisitsTwice>("WalkVisitsTwice"),
        Make<WalkHasNoExpiry>("WalkHasNoExpiry"),
        Make<NewTtlCountsFromTheSet>("NewTtlCountsFromTheSet"),
        Make<NewTtlMakesAnEntry>("NewTtlMakesAnEntry"),
        Make<ViewTruncatesTheValue>("ViewTruncatesTheValue"),
        Make<ViewSkipsEmptyValues>("ViewSkipsEmptyValues"),
        Make<ViewShowsExpiredValues>("ViewShowsExpiredValues"),
        Make<ViewOfAMissShowsAnEmptyValue>("ViewOfAMissShowsAnEmptyValue")),
    NameOfBackend);

}  // namespace
}  // namespace appcache
