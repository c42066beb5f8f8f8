#include "tests/engine/property_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>

#include "tests/engine/unsynced_vfs.h"

namespace appcache {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr uint64_t kPaths = 24;
constexpr size_t kLongestTrail = 40;
constexpr char kMemoryName[] = "property";
constexpr milliseconds kNeverInThisRun = std::chrono::hours(24 * 365);

using Store = PropertyMode::Store;

std::string Short(const std::string& value) {
  return value.size() < 50 ? value
                           : value.substr(0, 10) + " (" +
                                 std::to_string(value.size()) + " bytes)";
}

}  // namespace

PropertyRun::PropertyRun(PropertyMode mode, RandomSource& random)
    : mode_(mode), random_(random) {
  ChooseOptions();
  model_.emplace(policy::Limits{options_.max_entries, options_.max_bytes});
  model_->SetNow(clock_->Now());
  if (mode_.store == Store::kBorrowed) {
    connection_.emplace(random_.Below(2) == 0 ? scratch_.Path("borrowed.db")
                                              : ":memory:");
    connection_->Run("PRAGMA synchronous = OFF");
  }
  Open();
}

void PropertyRun::ChooseOptions() {
  options_.clock = clock_;
  options_.vfs = UnsyncedVfs();
  options_.max_entries = 1 + random_.Below(14);
  if (random_.Below(2) == 0) options_.max_bytes = 40 + random_.Below(400);
  if (random_.Below(8) == 0) options_.max_bytes = 100'000;
  // None, a few values, or all.
  const uint64_t rooms[] = {0, 2000, uint64_t{1} << 20};
  options_.resident_bytes = rooms[random_.Below(3)];
  // The default, or one in which all larger values are written through.
  if (random_.Below(2) == 0) options_.write_behind_bytes = 64 << 10;
  options_.touch_flush_count = 1 + random_.Below(6);
  if (mode_.background) {
    options_.touch_flush_interval = milliseconds(1 + random_.Below(5));
    options_.expiry_sweep_interval = milliseconds(1 + random_.Below(5));
    options_.write_behind_interval = milliseconds(1 + random_.Below(5));
  } else {
    options_.touch_flush_interval = kNeverInThisRun;
    options_.expiry_sweep_interval = kNeverInThisRun;
    options_.write_behind_interval = kNeverInThisRun;
    if (mode_.store != Store::kBorrowed) options_.touch_flush_count = 1 << 30;
  }
  with_ttls_ = random_.Below(2) == 0;
  const uint64_t most[kOperations] = {40, 10, 10, 10, 40, 10, 10,
                                      5,  10, 5,  20, 4,  2,  1};
  for (int i = 0; i < kOperations; ++i) {
    weights_[i] = static_cast<int>(random_.Below(most[i] + 1));
  }
  weights_[kSet] += 5;
  weights_[kGet] += 5;
}

void PropertyRun::Open() {
  const int caches = mode_.store == Store::kBorrowed ? 1 : 2;
  for (int i = 0; i < caches; ++i) {
    SqliteCache::Opened opened =
        mode_.store == Store::kMemory
            ? SqliteCache::OpenInMemory(options_, kMemoryName)
        : mode_.store == Store::kFile
            ? SqliteCache::OpenFile(scratch_.Path("cache.db"), options_)
            : SqliteCache::OpenOn(connection_->get(), options_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    caches_.push_back(*std::move(opened));
  }
  if (mode_.store == Store::kMemory && !connection_) {
    Result<sqlite3*> keeper = SqliteCache::ConnectInMemory(kMemoryName);
    ASSERT_TRUE(keeper.ok()) << keeper.status().ToString();
    connection_.emplace(*keeper);
  }
}

void PropertyRun::Close() {
  if (random_.Below(2) == 0) {
    for (const auto& cache : caches_) EXPECT_TRUE(cache->Close().ok());
  }
  caches_.clear();
}

void PropertyRun::Run(int operations) {
  for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) Step();
  if (!testing::Test::HasFailure()) CompareEntries();
  if (!testing::Test::HasFailure()) return;
  std::string told;
  for (const std::string& what : trail_) told += what + "\n";
  ADD_FAILURE() << "after, with max_entries " << options_.max_entries
                << " and max_bytes " << options_.max_bytes.value_or(0) << ":\n"
                << told;
}

void PropertyRun::Step() {
  const int sum = std::accumulate(weights_, weights_ + kOperations, 0);
  int left = static_cast<int>(random_.Below(static_cast<uint64_t>(sum)));
  int operation = 0;
  while (left >= weights_[operation]) left -= weights_[operation++];
  Do(static_cast<Operation>(operation));
  CompareCounts();
  if (random_.Below(5) == 0) CompareEntries();
}

void PropertyRun::Do(Operation operation) {
  switch (operation) {
    case kGet:
      return Get();
    case kGetTimed:
      return GetTimed();
    case kGetMany:
      return GetMany();
    case kTtlOf:
      return TtlOf();
    case kSet:
      return Set(1);
    case kSetMany:
      return Set(random_.Below(6));
    case kInvalidate:
      return Invalidate();
    case kInvalidateMany:
      return InvalidateMany();
    case kAdd:
      return Add();
    case kInvalidatePrefix:
      return InvalidatePrefix();
    case kMoveClock:
      return MoveClock();
    case kFlush:
      return Flush();
    case kReopen:
      Note("reopen");
      Close();
      CompareRows();
      model_->ResetCounters();
      return Open();
    case kClear:
      Note("clear");
      model_->Clear();
      EXPECT_TRUE(cache().Clear().ok());
      return;
    case kOperations:
      break;
  }
}

SqliteCache& PropertyRun::cache() {
  return *caches_[random_.Below(caches_.size())];
}

// Some longer than others.
std::string PropertyRun::APath() {
  const uint64_t i = random_.Below(kPaths);
  return "path/" + std::to_string(i) + std::string(i % 7, 'x');
}

std::vector<std::string> PropertyRun::SomePaths() {
  std::vector<std::string> paths(random_.Below(6));
  for (std::string& path : paths) path = APath();
  return paths;
}

// One that lets no two entries end at the same moment: which of them goes first
// is not laid down.
Ttl PropertyRun::ATtl() {
  if (!with_ttls_ || random_.Below(2) == 0) return kNoTtl;
  Ttl ttl(1 + random_.Below(random_.Below(4) == 0 ? 1000 : 20));
  while (model_->HasEnd(model_->EndOf(ttl))) ++ttl;
  return ttl;
}

PropertyRun::NewEntry PropertyRun::ANewEntry() {
  NewEntry entry{APath(), "", ATtl()};
  if (random_.Below(20) == 0) return entry;  // an empty value
  entry.value = "v" + std::to_string(++values_made_);
  size_t size = entry.value.size() + random_.Below(40);
  if (options_.max_bytes && random_.Below(20) == 0) {
    // As large as may be, or one byte larger.
    size = *options_.max_bytes - entry.path.size() + random_.Below(2);
  }
  if (random_.Below(20) == 0 && options_.max_bytes.value_or(100'000) > 40'000) {
    size = 8000 + random_.Below(30'000);
  }
  entry.value.resize(std::max(size, entry.value.size()), '.');
  return entry;
}

void PropertyRun::Note(std::string_view what) {
  trail_.emplace_back(what);
  if (trail_.size() > kLongestTrail) trail_.pop_front();
}

void PropertyRun::CompareGot(const std::string& path,
                             const Lookup<Bytes>& found) {
  EXPECT_TRUE(found.status().ok()) << found.status().ToString();
  const std::optional<std::string> expected = model_->Get(path);
  const std::string got =
      found ? "\"" + std::string(found->view()) + "\"" : "a miss";
  EXPECT_EQ(got, expected ? "\"" + *expected + "\"" : "a miss") << path;
}

void PropertyRun::Get() {
  const std::string path = APath();
  Note("get " + path);
  CompareGot(path, cache().backend()->GetRaw(path));
}

void PropertyRun::GetTimed() {
  const std::string path = APath();
  Note("timed get " + path);
  const Lookup<TimedBytes> found = cache().backend()->GetTimedRaw(path);
  const std::optional<Ttl> expected = model_->TtlOf(path);
  EXPECT_EQ(found ? found->remaining_ttl.count() : -1,
            expected ? expected->count() : -1)
      << path;
  CompareGot(path, found               ? Lookup<Bytes>::Hit(found->value)
                   : found.has_error() ? Lookup<Bytes>::Failed(found.status())
                                       : Lookup<Bytes>::Miss());
}

void PropertyRun::GetMany() {
  const std::vector<std::string> paths = SomePaths();
  for (const std::string& path : paths) Note("get, among many, " + path);
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  const std::vector<Lookup<Bytes>> found = cache().backend()->GetManyRaw(views);
  ASSERT_EQ(found.size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) CompareGot(paths[i], found[i]);
}

void PropertyRun::TtlOf() {
  const std::string path = APath();
  Note("ttl of " + path);
  const Lookup<Ttl> found = cache().backend()->TtlRaw(path);
  const std::optional<Ttl> expected = model_->TtlOf(path);
  EXPECT_TRUE(found.status().ok()) << found.status().ToString();
  EXPECT_EQ(found ? found->count() : -1, expected ? expected->count() : -1);
}

void PropertyRun::Set(size_t count) {
  std::vector<NewEntry> entries;
  std::set<Ttl> ttls;
  for (size_t i = 0; i < count; ++i) {
    entries.push_back(ANewEntry());
    NewEntry& entry = entries.back();
    while (entry.ttl != kNoTtl && !ttls.insert(entry.ttl).second) {
      do ++entry.ttl;
      while (model_->HasEnd(model_->EndOf(entry.ttl)));
    }
  }
  std::vector<RawEntry> raw;
  for (const NewEntry& entry : entries) {
    raw.push_back({entry.path, entry.value, entry.ttl});
    Note("set " + entry.path + " to " + Short(entry.value) + ", ttl " +
         std::to_string(entry.ttl.count()) + ", 1 of " + std::to_string(count));
  }
  const bool all_fit = model_->Set(raw);
  const Status status =
      count == 1 && random_.Below(2) == 0
          ? cache().backend()->SetRaw(raw[0].path, raw[0].value, raw[0].ttl)
          : cache().backend()->SetManyRaw(raw);
  EXPECT_EQ(status.ok(), all_fit) << status.ToString();
  EXPECT_EQ(status.Is(ErrorCode::kTooLarge), !all_fit) << status.ToString();
}

void PropertyRun::Invalidate() {
  const std::string path = APath();
  Note("invalidate " + path);
  model_->Invalidate(path);
  EXPECT_TRUE(cache().backend()->InvalidateRaw(path).ok());
}

void PropertyRun::InvalidateMany() {
  const std::vector<std::string> paths = SomePaths();
  for (const std::string& path : paths) {
    Note("invalidate, among many, " + path);
    model_->Invalidate(path);
  }
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  EXPECT_TRUE(cache().backend()->InvalidateManyRaw(views).ok());
}

void PropertyRun::Add() {
  const NewEntry entry = ANewEntry();
  const RawEntry raw{entry.path, entry.value, entry.ttl};
  Note("add " + entry.path + " with " + Short(entry.value) + ", ttl " +
       std::to_string(entry.ttl.count()));
  const std::optional<bool> expected = model_->Add(raw);
  const Result<bool> added =
      cache().backend()->AddRaw(raw.path, raw.value, raw.ttl);
  EXPECT_EQ(added.status().Is(ErrorCode::kTooLarge), !expected.has_value());
  EXPECT_EQ(added.ok() && *added, expected.value_or(false))
      << added.status().ToString();
}

void PropertyRun::InvalidatePrefix() {
  const std::string path = APath();
  const std::string prefix = path.substr(0, random_.Below(path.size() + 1));
  Note("invalidate what begins with " + prefix);
  model_->InvalidatePrefix(prefix);
  const Status status = cache().backend()->InvalidatePrefixRaw(prefix);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

void PropertyRun::MoveClock() {
  auto by = microseconds(random_.Below(random_.Below(4) == 0 ? 50'000 : 3000));
  if (!mode_.background && random_.Below(4) == 0) by = -by;
  Note("move the clock by " + std::to_string(by.count()) + " us");
  clock_->Advance(by);
  model_->SetNow(clock_->Now());
}

void PropertyRun::Flush() {
  Note("flush");
  const Status flushed = cache().Flush();
  EXPECT_TRUE(flushed.ok()) << flushed.ToString();
  CompareRows();
  CompareOrder();
}

void PropertyRun::CompareCounts() {
  const CacheStats stats = cache().Stats();
  ASSERT_TRUE(stats.entries && stats.bytes);
  EXPECT_LE(*stats.entries, options_.max_entries);
  if (options_.max_bytes) {
    EXPECT_LE(*stats.bytes, *options_.max_bytes);
  }
  EXPECT_EQ(stats.evictions, model_->evictions());
  // The background thread then decides when expired entries are removed.
  if (mode_.background && with_ttls_) return;
  // Maintenance that runs for something else, such as a clock that was set
  // back, removes expired entries too.
  if (stats.expirations > model_->expirations()) {
    model_->Sweep(*stats.expirations - model_->expirations());
  }
  EXPECT_EQ(*stats.entries, model_->entries());
  EXPECT_EQ(*stats.bytes, model_->bytes());
  EXPECT_EQ(stats.expirations, model_->expirations());
}

void PropertyRun::CompareEntries() {
  std::map<std::string, LruModel::Visible> visible;
  const Status status = cache().ForEachEntry([&](const StoredEntry& entry) {
    const EntryInfo& info = entry.info;
    EXPECT_EQ(info.bytes, info.path.size() + entry.value.size());
    const bool first =
        visible
            .insert({info.path,
                     {std::string(entry.value.view()),
                      info.expires_at
                          ? std::chrono::floor<milliseconds>(*info.expires_at)
                                .time_since_epoch()
                                .count()
                          : 0}})
            .second;
    EXPECT_TRUE(first) << info.path << " was visited twice";
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  const std::map<std::string, LruModel::Visible> expected =
      model_->AllVisible();
  for (const auto& [path, entry] : expected) {
    EXPECT_TRUE(visible.contains(path)) << path << " is missing";
  }
  for (const auto& [path, entry] : visible) {
    const auto found = expected.find(path);
    if (found == expected.end()) {
      ADD_FAILURE() << path << " should be gone";
      continue;
    }
    EXPECT_EQ(entry.value, found->second.value) << path;
    EXPECT_EQ(entry.ends_ms, found->second.ends_ms) << path;
  }
}

// What any connection sees. REQUIRES: everything was flushed.
void PropertyRun::CompareRows() {
  if (mode_.store != Store::kMemory) return;
  std::map<std::string, std::string> rows;
  for (const std::string& row :
       connection_->Rows("SELECT key, expires_at, value FROM entries")) {
    const size_t key_end = row.find('|');
    rows[row.substr(0, key_end)] = row.substr(key_end + 1);
  }
  const std::map<std::string, LruModel::Visible> expected =
      model_->AllVisible();
  for (const auto& [path, entry] : expected) {
    EXPECT_EQ(rows[path], std::to_string(entry.ends_ms) + "|" + entry.value)
        << path;
  }
  const int64_t now_ms = std::chrono::floor<milliseconds>(clock_->Now())
                             .time_since_epoch()
                             .count();
  for (const auto& [path, row] : rows) {
    if (expected.contains(path)) continue;
    const int64_t expires_at = std::stoll(row);
    EXPECT_TRUE(expires_at != 0 && expires_at <= now_ms)
        << path << " should have no row";
  }
}

// REQUIRES: all uses have been flushed.
void PropertyRun::CompareOrder() {
  std::map<TimePoint, std::string> by_use;
  const Status status = cache().ForEachKey([&](const EntryInfo& info) {
    EXPECT_TRUE(by_use.insert({info.last_used, info.path}).second)
        << "two entries share a tick";
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  std::vector<std::string> order;
  for (const auto& [last_used, path] : by_use) order.push_back(path);
  EXPECT_EQ(order, model_->VisibleOrder());
}

}  // namespace appcache
