#include "bench/store_fixture.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "bench/frame/fixtures.h"
#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

constexpr size_t kEntriesPerBatch = 10'000;

// The directory of this process, made when it is first needed.
class Directory {
 public:
  std::string Path(const std::string& name) {
    if (path_.empty()) {
      std::string pattern =
          (std::filesystem::temp_directory_path() / "appcache-bench-XXXXXX")
              .string();
      Must(mkdtemp(pattern.data()) != nullptr,
           "cannot create the directory " + pattern);
      path_ = pattern;
    }
    return (path_ / name).string();
  }

  void Remove() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    path_.clear();
  }

 private:
  std::filesystem::path path_;
};

struct State {
  Directory directory;  // guarded by the mutex of `fixtures`
  Fixtures<StoreSpec, StoreFixture> fixtures;
};

State& GlobalState() {
  static State& state = *new State;
  return state;
}

std::string FileOf(const std::string& name) {
  return GlobalState().directory.Path(name + ".db");
}

}  // namespace

const char* NameOf(Place place) {
  return place == Place::kMemory ? "memory" : "file";
}

bool StoreSpec::operator<(const StoreSpec& other) const {
  const auto all = [](const StoreSpec& spec) {
    return std::tie(spec.purpose, spec.place, spec.value_bytes, spec.entries,
                    spec.spare_items, spec.full, spec.manual_flush, spec.away);
  };
  return all(*this) < all(other);
}

StoreFixture::StoreFixture(const StoreSpec& spec)
    : spec_(spec),
      value_(MakeValue(spec.value_bytes)),
      items_(MakeItems(kStoredIds, spec.entries + spec.spare_items)),
      order_(UniformOrder(std::max<size_t>(spec.entries, 1))) {
  const std::string name = spec.purpose + "-" + std::to_string(spec.entries) +
                           "x" + std::to_string(spec.value_bytes);
  OpenCache("cache-" + name);
  Fill();
  CopyToBare(name);
}

StoreFixture::~StoreFixture() = default;

BareConnection& StoreFixture::bare_connection(Copy copy, size_t which) {
  assert(which < (copy == Copy::kShared ? bare_connections_.size() : 1));
  std::unique_ptr<BareConnection>& connection =
      copy == Copy::kShared ? bare_connections_[which] : private_connection_;
  if (connection == nullptr) {
    connection = std::make_unique<BareConnection>(bare(copy), false);
  }
  return *connection;
}

void StoreFixture::OpenCache(const std::string& name) {
  SqliteCacheOptions options;
  options.max_entries = spec_.full ? spec_.entries : uint64_t{1} << 40;
  options.hash_seed = kHashSeed;
  if (spec_.away) options.resident_bytes = 0;
  if (spec_.manual_flush) {
    options.touch_flush_interval = std::chrono::hours(24);
    options.touch_flush_count = size_t{1} << 40;
  }
  cache_ = ValueOrFail(spec_.place == Place::kMemory
                           ? SqliteCache::OpenInMemory(options, name)
                           : SqliteCache::OpenFile(FileOf(name), options));
}

void StoreFixture::Fill() {
  Backend& backend = *cache_->backend();
  std::vector<RawEntry> batch;
  for (size_t i = 0; i < spec_.entries; ++i) {
    batch.push_back({items_[i].path(), value_});
    if (batch.size() == kEntriesPerBatch || i + 1 == spec_.entries) {
      Must(backend.SetManyRaw(batch));
      batch.clear();
    }
  }
  Must(cache_->Flush());
}

void StoreFixture::CopyToBare(const std::string& name) {
  if (spec_.place == Place::kMemory) {
    sqlite3* const source =
        ValueOrFail(SqliteCache::ConnectInMemory("cache-" + name));
    bare_.reset(
        new BareDatabase(BareDatabase::CopyToMemory(source, "bare-" + name)));
    private_bare_.reset(new BareDatabase(BareDatabase::CopyToPrivate(source)));
    sqlite3_close(source);
    return;
  }
  sqlite3* source = nullptr;
  const std::string path = FileOf("cache-" + name);
  Must(sqlite3_open(path.c_str(), &source) == SQLITE_OK, "cannot open " + path);
  bare_.reset(new BareDatabase(
      BareDatabase::CopyToFile(source, FileOf("bare-" + name))));
  sqlite3_close(source);
}

StoreFixture& FixtureFor(const StoreSpec& spec) {
  return GlobalState().fixtures.For(spec);
}

void DestroyFixtures() {
  GlobalState().fixtures.Clear();
  GlobalState().directory.Remove();
}

}  // namespace appcache::bench
