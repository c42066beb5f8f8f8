#include "bench/world.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

namespace appcache::bench {
namespace {

constexpr size_t kEntriesPerBatch = 10'000;

void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "cache: %s\n", status.ToString().c_str());
  std::abort();
}

// A folder of this process's own, made when it is first asked for.
class Folder {
 public:
  std::string Path(const std::string& name) {
    if (path_.empty()) {
      std::string pattern =
          (std::filesystem::temp_directory_path() / "appcache-bench-XXXXXX")
              .string();
      if (mkdtemp(pattern.data()) == nullptr) {
        std::perror(pattern.c_str());
        std::abort();
      }
      path_ = pattern;
    }
    return (path_ / name).string();
  }

  void Remove() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
    path_.clear();
  }

 private:
  std::filesystem::path path_;
};

struct Worlds {
  std::mutex mutex;
  Folder folder;
  std::map<WorldSpec, std::unique_ptr<World>> by_spec;
};

Worlds& AllWorlds() {
  static Worlds& worlds = *new Worlds;
  return worlds;
}

std::string FileOf(const std::string& name) {
  return AllWorlds().folder.Path(name + ".db");
}

}  // namespace

const char* NameOf(Place place) {
  return place == Place::kMemory ? "memory" : "file";
}

bool WorldSpec::operator<(const WorldSpec& other) const {
  const auto all = [](const WorldSpec& spec) {
    return std::tie(spec.purpose, spec.place, spec.value_bytes, spec.entries,
                    spec.spare_items, spec.full, spec.holds_touches);
  };
  return all(*this) < all(other);
}

World::World(const WorldSpec& spec)
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

World::~World() = default;

BareConnection& World::bare_connection(size_t which) {
  std::unique_ptr<BareConnection>& connection = bare_connections_[which];
  if (connection == nullptr) {
    connection = std::make_unique<BareConnection>(*bare_, false);
  }
  return *connection;
}

void World::OpenCache(const std::string& name) {
  SqliteCacheOptions options;
  options.max_entries = spec_.full ? spec_.entries : uint64_t{1} << 40;
  options.hash_seed = kHashSeed;
  if (spec_.holds_touches) {
    options.touch_flush_interval = std::chrono::hours(24);
    options.touch_flush_count = size_t{1} << 40;
  }
  auto opened = spec_.place == Place::kMemory
                    ? SqliteCache::OpenInMemory(options, name)
                    : SqliteCache::OpenFile(FileOf(name), options);
  Must(opened.status());
  cache_ = *std::move(opened);
}

void World::Fill() {
  std::vector<Cache::RawEntry> batch;
  for (size_t i = 0; i < spec_.entries; ++i) {
    batch.push_back({items_[i].path(), value_});
    if (batch.size() == kEntriesPerBatch || i + 1 == spec_.entries) {
      Must(cache_->SetManyRaw(batch));
      batch.clear();
    }
  }
  Must(cache_->Flush());
}

void World::CopyToBare(const std::string& name) {
  if (spec_.place == Place::kMemory) {
    Result<sqlite3*> source = SqliteCache::ConnectInMemory("cache-" + name);
    Must(source.status());
    bare_.reset(
        new BareDatabase(BareDatabase::CopyToMemory(*source, "bare-" + name)));
    sqlite3_close(*source);
    return;
  }
  sqlite3* source = nullptr;
  if (sqlite3_open(FileOf("cache-" + name).c_str(), &source) != SQLITE_OK) {
    std::abort();
  }
  bare_.reset(new BareDatabase(
      BareDatabase::CopyToFile(source, FileOf("bare-" + name))));
  sqlite3_close(source);
}

World& WorldOf(const WorldSpec& spec) {
  Worlds& worlds = AllWorlds();
  const std::lock_guard<std::mutex> guard(worlds.mutex);
  std::unique_ptr<World>& world = worlds.by_spec[spec];
  if (world == nullptr) world = std::make_unique<World>(spec);
  return *world;
}

void EndWorlds() {
  Worlds& worlds = AllWorlds();
  worlds.by_spec.clear();
  worlds.folder.Remove();
}

}  // namespace appcache::bench
