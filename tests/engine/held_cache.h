// HeldCacheTest: a database in memory whose paths collide, for tests that hold
// threads.

#ifndef APPCACHE_TESTS_ENGINE_HELD_CACHE_H_
#define APPCACHE_TESTS_ENGINE_HELD_CACHE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/lru/hash.h"
#include "tests/engine/held_call.h"
#include "tests/engine/memory_shell.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/support/captured_log.h"

namespace appcache {

class HeldCacheTest : public testing::Test {
 protected:
  static constexpr char kName[] = "held";
  static constexpr uint64_t kResidentBytes = 8000;
  // There are eight hashes, from 0, and one shard has them all.
  static constexpr int64_t kMask = 7;

  HeldCacheTest() {
    lru::test_hash_mask = kMask;
    options_.cache = log_.options();
    options_.clock = clock_;
    options_.hash_seed = kSeed;
    options_.resident_bytes = kResidentBytes;
  }
  ~HeldCacheTest() override {
    for (const auto& clear : clears_) EXPECT_TRUE(clear->Finish());
    shell_.reset();
    cache_.reset();
    lru::test_hash_mask = ~uint64_t{0};
  }

  void Open() {
    cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
    shell_.emplace(ConnectTo(kName));
  }
  // Opens the same database again: all values are away, also those that may
  // become resident.
  void Reopen() {
    cache_.reset();
    cache_ = Must(SqliteCache::OpenInMemory(options_, kName));
  }

  SqliteCache& cache() { return *cache_; }
  Backend& backend() { return *cache_->backend(); }

  // A path with this hash, and one with that of "a".
  static std::string PathWith(int64_t h) {
    for (int number = 0;; ++number) {
      std::string path = "b" + std::to_string(number);
      if (HashOf(path) == h) return path;
    }
  }
  static std::string Colliding() { return PathWith(HashOf("a")); }
  // Path `i` of seven that collide with no other of them, nor with "a".
  static std::string Distinct(int i) {
    return PathWith((HashOf("a") + 1 + i) & kMask);
  }
  static int64_t HashOf(std::string_view path) {
    return lru::HashPath(path, kSeed) & kMask;
  }

  // Too large for memory after a flush.
  static std::string Large(char letter) {
    return std::string(kResidentBytes / 8 + 1, letter);
  }

  void Put(std::string_view path, std::string_view value, Ttl ttl = kNoTtl) {
    Set(*cache_, path, value, ttl);
  }
  void Remove(std::string_view path) {
    EXPECT_TRUE(backend().InvalidateRaw(path).ok());
  }
  // The call is held until the test ends: it would make the background flush.
  void Clear() {
    clears_.push_back(std::make_unique<HeldCall<std::function<bool()>>>(
        "clear.emptied", [this] { return cache_->Clear().ok(); }));
  }
  void Flush() {
    const Status flushed = cache_->Flush();
    EXPECT_TRUE(flushed.ok()) << flushed.ToString();
  }
  void PutAway(std::string_view path, char letter, Ttl ttl = kNoTtl) {
    Put(path, Large(letter), ttl);
    Flush();
  }
  std::string Read(std::string_view path) { return Get(*cache_, path); }

  // "key|value", of what SQLite has now.
  Strings Rows() const {
    return shell_->Rows("SELECT key, value FROM entries ORDER BY key");
  }

  // The entries are those of `rows`, in the directory, in the tables and in the
  // statistics, and nothing is pending. Flushes.
  void ExpectExactly(const Strings& rows) {
    uint64_t bytes = 0;
    for (const std::string& row : rows) {
      const size_t bar = row.find('|');
      EXPECT_EQ(Read(row.substr(0, bar)), row.substr(bar + 1));
      bytes += row.size() - 1;
    }
    Flush();
    EXPECT_EQ(Rows(), rows);
    const CacheStats stats = cache_->Stats();
    EXPECT_EQ(*stats.entries, rows.size());
    EXPECT_EQ(*stats.bytes, bytes);
    EXPECT_EQ(*stats.pending_bytes, 0u);
    EXPECT_EQ(ProblemsIn(*cache_), Strings());
  }

  const CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  std::optional<PlainSqlite> shell_;
  std::vector<std::unique_ptr<HeldCall<std::function<bool()>>>> clears_;

 private:
  static constexpr uint64_t kSeed = 7;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_HELD_CACHE_H_
