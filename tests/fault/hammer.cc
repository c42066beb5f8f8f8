#include "tests/fault/hammer.h"

#include <array>
#include <charconv>
#include <utility>

namespace appcache {
namespace {

using Kind = Event::Kind;

constexpr int kBatch = 3;
constexpr size_t kMaxFailures = 20;

// One in so many operations is ...
constexpr uint64_t kOneSetIn = 4;
constexpr uint64_t kOneRemoveIn = 20;
constexpr uint64_t kOneBatchIn = 40;
constexpr uint64_t kOneLookAroundIn = 100;
constexpr uint64_t kOneClearIn = 2000;

// SplitMix64.
uint64_t Next(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

std::string HammerKey(int32_t key) { return "key" + std::to_string(key); }

std::string HammerValue(int32_t key, uint64_t id) {
  std::string text = std::to_string(key) + ":" + std::to_string(id) + ":";
  text.append(id % 800, static_cast<char>('a' + id % 26));
  return text;
}

std::optional<uint64_t> ParseHammerValue(int32_t key, std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  uint64_t id = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), id);
  if (text != HammerValue(key, id)) return std::nullopt;
  return id;
}

Hammer::Hammer(SqliteCache& cache, const Plan& plan)
    : cache_(cache), plan_(plan), random_(plan.seed) {}

void Hammer::Run() {
  const auto one_in = [this](uint64_t n) { return Next(random_) % n == 0; };
  for (int i = 0; i < plan_.operations; ++i) {
    if (one_in(kOneClearIn)) {
      Clear();
    } else if (one_in(kOneLookAroundIn)) {
      LookAround();
    } else if (one_in(kOneBatchIn)) {
      one_in(2) ? SetMany() : GetMany();
    } else if (one_in(kOneRemoveIn)) {
      Remove(AnyKey());
    } else if (one_in(kOneSetIn)) {
      Set(AnyKey());
    } else {
      Get(AnyKey());
    }
  }
}

void Hammer::ReadAll() {
  for (int32_t key = 0; key < plan_.keys; ++key) Get(key);
}

int32_t Hammer::AnyKey() {
  return static_cast<int32_t>(Next(random_) %
                              static_cast<uint64_t>(plan_.keys));
}

void Hammer::Fail(const char* operation, const std::string& what) {
  if (failures_.size() < kMaxFailures) {
    failures_.push_back(std::string(operation) + ": " + what);
  }
}

bool Hammer::Expect(const Status& status, const char* operation) {
  if (!status.ok()) Fail(operation, status.ToString());
  return status.ok();
}

void Hammer::NoteRead(int32_t key, const Lookup<std::string>& found,
                      int64_t begin, int64_t end) {
  if (!Expect(found.status(), "get")) return;
  if (!found) {
    events_.push_back({Kind::kMiss, key, 0, begin, end});
    return;
  }
  const std::optional<uint64_t> id = ParseHammerValue(key, *found);
  if (id) {
    events_.push_back({Kind::kHit, key, *id, begin, end});
  } else {
    Fail("get", HammerKey(key) + " holds \"" + found->substr(0, 60) + "\"");
  }
}

void Hammer::Get(int32_t key) {
  const int64_t begin = Moment();
  const auto found = cache_.GetByStr<std::string>(HammerKey(key));
  NoteRead(key, found, begin, Moment());
}

void Hammer::GetMany() {
  std::array<int32_t, kBatch> keys;
  std::vector<Key<std::string>> wanted;
  for (int32_t& key : keys) {
    key = AnyKey();
    wanted.emplace_back(HammerKey(key));
  }
  const int64_t begin = Moment();
  const auto found = cache_.GetMany<Key<std::string>>(wanted);
  const int64_t end = Moment();
  for (size_t i = 0; i < kBatch; ++i) NoteRead(keys[i], found[i], begin, end);
}

void Hammer::Set(int32_t key) {
  const uint64_t id = NextValue();
  const std::string value = HammerValue(key, id);
  const int64_t begin = Moment();
  const Status status = cache_.SetByStr(HammerKey(key), value);
  const int64_t end = Moment();
  if (!Expect(status, "set")) return;
  events_.push_back({Kind::kSet, key, id, begin, end});
}

void Hammer::SetMany() {
  // Each key once: of two values for one key, the first would never be seen.
  const int32_t first = AnyKey();
  std::array<Event, kBatch> sets;
  std::vector<std::pair<Key<std::string>, std::string>> entries;
  for (int i = 0; i < kBatch; ++i) {
    const int32_t key = (first + i) % plan_.keys;
    sets[i] = {Kind::kSet, key, NextValue(), 0, 0};
    entries.emplace_back(HammerKey(key), HammerValue(key, sets[i].value));
  }
  const int64_t begin = Moment();
  const Status status = cache_.SetMany(entries);
  const int64_t end = Moment();
  if (!Expect(status, "set many")) return;
  for (Event& set : sets) {
    set.begin = begin;
    set.end = end;
    events_.push_back(set);
  }
}

void Hammer::Remove(int32_t key) {
  const int64_t begin = Moment();
  const Status status = cache_.InvalidateByStr(HammerKey(key));
  const int64_t end = Moment();
  if (!Expect(status, "invalidate")) return;
  events_.push_back({Kind::kRemove, key, 0, begin, end});
}

void Hammer::Clear() {
  const int64_t begin = Moment();
  const Status status = cache_.Clear();
  const int64_t end = Moment();
  if (!Expect(status, "clear")) return;
  for (int32_t key = 0; key < plan_.keys; ++key) {
    events_.push_back({Kind::kRemove, key, 0, begin, end});
  }
}

void Hammer::LookAround() {
  switch (Next(random_) % 4) {
    case 0: {
      const CacheStats stats = cache_.Stats();
      if (stats.entries.value_or(0) > plan_.max_entries) {
        Fail("stats", std::to_string(*stats.entries) + " entries");
      }
      if (plan_.max_bytes && stats.bytes.value_or(0) > *plan_.max_bytes) {
        Fail("stats", std::to_string(*stats.bytes) + " bytes");
      }
      break;
    }
    case 1: {
      const Result<CheckReport> report = cache_.Check();
      if (!Expect(report.status(), "check")) break;
      for (const std::string& problem : report->problems) {
        Fail("check", problem);
      }
      break;
    }
    case 2: {
      uint64_t visited = 0;
      Expect(cache_.ForEachKey([&](const EntryInfo&) {
        ++visited;
        return true;
      }),
             "walk");
      if (visited > static_cast<uint64_t>(plan_.keys)) {
        Fail("walk", "visited " + std::to_string(visited) + " entries");
      }
      break;
    }
    case 3:
      Expect(cache_.Flush(), "flush");
      break;
  }
}

}  // namespace appcache
