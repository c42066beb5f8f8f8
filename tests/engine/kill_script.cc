#include "tests/engine/kill_script.h"

#include <string_view>

#include "tests/engine/unsynced_vfs.h"

namespace appcache {
namespace {

constexpr uint64_t kPaths = 48;
constexpr uint64_t kLongestValue = 20'000;

}  // namespace

SqliteCacheOptions KillOptions(KillMix mix) {
  SqliteCacheOptions options;
  options.vfs = UnsyncedVfs();
  if (mix == KillMix::kEvicting) {
    options.max_entries = 32;
    options.max_bytes = 12 * kLongestValue;
  }
  options.touch_flush_interval = std::chrono::milliseconds(1);
  options.touch_flush_count = 4;
  return options;
}

uint64_t KillScript::Below(uint64_t limit) {
  return std::uniform_int_distribution<uint64_t>(0, limit - 1)(engine_);
}

std::string KillScript::APath() {
  return "killed/" + std::to_string(Below(kPaths));
}

// Tells whose it is, and differs from every other.
std::string KillScript::AValue(const std::string& path) {
  std::string value = path + "=" + std::to_string(engine_());
  value.resize(value.size() + Below(Below(4) == 0 ? kLongestValue : 100), '.');
  return value;
}

KillStep KillScript::Next() {
  KillStep step;
  const uint64_t choice = Below(100);
  if (mix_ == KillMix::kReading && choice < 40) {
    step.path = APath();
  } else if (choice < 70) {
    step.path = APath();
    step.sets.emplace_back(step.path, AValue(step.path));
  } else if (choice < 80) {
    for (uint64_t left = 2 + Below(4); left > 0; --left) {
      step.path = APath();
      step.sets.emplace_back(step.path, AValue(step.path));
    }
  } else if (choice < 98) {
    step.invalidates.push_back(APath());
    if (Below(4) == 0) step.invalidates.push_back(APath());
  }
  return step;
}

Status KillStep::Do(SqliteCache& cache) const {
  if (!sets.empty()) {
    std::vector<RawEntry> entries;
    for (const auto& [path, value] : sets) entries.push_back({path, value});
    return cache.backend()->SetManyRaw(entries);
  }
  if (!invalidates.empty()) {
    const std::vector<std::string_view> paths(invalidates.begin(),
                                              invalidates.end());
    return cache.backend()->InvalidateManyRaw(paths);
  }
  return path.empty() ? cache.Flush() : cache.backend()->GetRaw(path).status();
}

void KillStep::Do(LruModel& model) const {
  std::vector<RawEntry> entries;
  for (const auto& [path, value] : sets) entries.push_back({path, value});
  model.Set(entries);
  for (const std::string& path : invalidates) model.Invalidate(path);
}

}  // namespace appcache
