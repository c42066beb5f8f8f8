// LmdbCache: hashed keys, prefixes, ttls, limits, damaged records, traits,
// statistics and forks.

#include "appcache/lmdb_cache.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/lmdb/record.h"
#include "appcache/testing/fake_clock.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/lmdb/plain_lmdb.h"
#include "tests/lmdb/version1.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::lmdb_cache_test {
namespace {

using std::string_view_literals::operator""sv;

class LmdbCacheTest : public testing::Test {
 protected:
  LmdbCacheTest() { Open(); }

  void Open(uint64_t max_bytes = LmdbCacheOptions().max_bytes) {
    cache_.reset();
    LmdbCacheOptions options;
    options.clock = clock_;
    options.max_bytes = max_bytes;
    cache_ = OpenLmdb(directory_.path(), std::move(options));
  }

  Backend& backend() const { return *cache_->backend(); }

  void Set(std::string_view path, std::string_view value, Ttl ttl = kNoTtl) {
    const Status set = backend().SetRaw(path, value, ttl);
    EXPECT_TRUE(set.ok()) << set.ToString();
  }
  std::string Get(std::string_view path) { return ValueIn(*cache_, path); }

  // Closes the cache, calls `access` with its database, and opens it again.
  template <class Access>
  void InPlainLmdb(const Access& access) {
    cache_.reset();
    {
      PlainLmdb plain(directory_.path());
      access(plain);
    }
    Open();
  }

  // `bytes` with one bit flipped in the byte at `at`.
  static std::string Damaged(const std::string& bytes, size_t at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    return damaged;
  }

  const TempDir directory_{"/dev/shm"};
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::unique_ptr<LmdbCache> cache_;
};

TEST_F(LmdbCacheTest, KeysOfAllLengthsAreDistinct) {
  std::vector<std::string> paths;
  for (const size_t size : {509, 510, 511, 512, 70'000}) {
    paths.emplace_back(size, 'p');
    paths.push_back(paths.back());
    paths.back().back() = 'q';
  }
  for (const std::string& path : paths)
    Set(path, std::to_string(path.size()) + path.back());
  for (const std::string& path : paths) {
    EXPECT_EQ(Get(path), std::to_string(path.size()) + path.back());
    EXPECT_TRUE(backend().InvalidateRaw(path).ok());
    EXPECT_EQ(Get(path), "<miss>");
  }
  EXPECT_EQ(cache_->Stats().entries, 0u);
}

TEST_F(LmdbCacheTest, APathWithTheHashOfAnotherIsAMissAndReplacesIt) {
  const std::string path(600, 'p');
  const std::string other(600, 'o');
  InPlainLmdb([&](PlainLmdb& plain) {
    lmdb::Record record;
    record.path = other;
    record.value = "the other's";
    record.sequence = 1;
    std::string bytes(lmdb::RecordBytes(record), '\0');
    lmdb::EncodeRecord(record, bytes.data());
    const lmdb::EntryKey key(path);
    plain.Put(nullptr, key.view(), bytes);
    plain.Put("order", "\0\0\0\0\0\0\0\x01"sv, key.view());
  });
  EXPECT_EQ(Get(path), "<miss>");
  EXPECT_FALSE(backend().TtlRaw(path));
  EXPECT_FALSE(backend().GetTimedRaw(path));
  EXPECT_TRUE(backend().InvalidateRaw(path).ok());
  EXPECT_EQ(cache_->Stats().entries, 1u);  // the other entry remains
  EXPECT_TRUE(backend().InvalidatePrefixRaw("p").ok());
  EXPECT_EQ(cache_->Stats().entries, 1u);
  EXPECT_TRUE(*backend().AddRaw(path, "its own", kNoTtl));
  EXPECT_EQ(Get(path), "its own");
  EXPECT_EQ(cache_->Stats().entries, 1u);
  Set(path, "set");
  EXPECT_EQ(Get(path), "set");
  EXPECT_EQ(cache_->Stats().entries, 1u);
}

TEST_F(LmdbCacheTest, ADamagedRecordIsReplacedByAnAddAndRemovedByItsPrefix) {
  const std::string hashed = "p/" + std::string(600, 'h');
  for (const std::string& path : {std::string("p/a"), hashed}) {
    Set(path, "value");
    InPlainLmdb([&](PlainLmdb& plain) {
      const lmdb::EntryKey key(path);
      plain.Put(nullptr, key.view(),
                Damaged(plain.Get(nullptr, key.view()), 5));
    });
    EXPECT_EQ(backend().GetRaw(path).error().code, ErrorCode::kCorrupt);
    // The path of a damaged record under a hash is unknown.
    EXPECT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
    EXPECT_EQ(backend().GetRaw(path).has_error(), path == hashed);
    EXPECT_TRUE(*backend().AddRaw(path, "added", kNoTtl));
    EXPECT_EQ(Get(path), "added");
  }
}

TEST_F(LmdbCacheTest, AWalkLeavesOutDamagedRecordsAndReportsThem) {
  const std::string hashed = "p/" + std::string(600, 'h');
  for (const std::string& path : {std::string("p/a"), hashed}) {
    Set(path, "value");
  }
  Set("p/damaged", "value");
  InPlainLmdb([&](PlainLmdb& plain) {
    const lmdb::EntryKey key("p/damaged");
    const std::string bytes = plain.Get(nullptr, key.view());
    plain.Put(nullptr, key.view(), Damaged(bytes, bytes.size() - 1));
  });
  for (const bool with_values : {true, false}) {
    std::vector<std::string> paths;
    const Status status =
        backend().WalkRaw({"p/", with_values}, [&](const WalkedEntry& entry) {
          paths.emplace_back(entry.path);
          return true;
        });
    // Without values, they are not verified.
    EXPECT_EQ(status.Is(ErrorCode::kCorrupt), with_values) << status.ToString();
    if (with_values) {
      EXPECT_EQ(status.error().native_code, EBADMSG);
    }
    EXPECT_EQ(paths.size(), with_values ? 2u : 3u);
  }
  EXPECT_FALSE(*backend().SetTtlRaw("p/damaged", Ttl(1000)));
}

TEST_F(LmdbCacheTest, ANewTtlReplacesTheIndexRows) {
  const std::string hashed = "p/" + std::string(600, 'h');
  for (const std::string& path : {std::string("p/a"), hashed}) {
    Set(path, "value", Ttl(1000));
    EXPECT_TRUE(*backend().SetTtlRaw(path, Ttl(5000)));
    EXPECT_TRUE(*backend().SetTtlRaw(path, Ttl(3000)));
  }
  InPlainLmdb([](PlainLmdb& plain) {
    EXPECT_EQ(plain.Rows("order"), 2u);
    EXPECT_EQ(plain.Rows("ends"), 2u);
  });
  EXPECT_EQ(*backend().TtlRaw("p/a"), Ttl(3000));
  EXPECT_TRUE(*backend().SetTtlRaw("p/a", kNoTtl));
  InPlainLmdb([](PlainLmdb& plain) { EXPECT_EQ(plain.Rows("ends"), 1u); });
  EXPECT_EQ(Get("p/a"), "value");
  EXPECT_EQ(Get(hashed), "value");
}

TEST_F(LmdbCacheTest, InvalidatingAPrefixRemovesItsIndexRows) {
  for (int i = 0; i < 50; ++i) {
    Set("p/" + std::to_string(i) + std::string(i % 2 * 600, 'h'), "v",
        i % 3 == 0 ? kNoTtl : Ttl(1000));
  }
  Set("q", "v");
  EXPECT_TRUE(backend().InvalidatePrefixRaw("p/").ok());
  EXPECT_EQ(cache_->Stats().invalidations, 50u);
  InPlainLmdb([](PlainLmdb& plain) {
    EXPECT_EQ(plain.Rows(nullptr), 1u + 4u);
    EXPECT_EQ(plain.Rows("order"), 1u);
    EXPECT_EQ(plain.Rows("ends"), 0u);
  });
  EXPECT_TRUE(backend().InvalidatePrefixRaw("").ok());
  EXPECT_EQ(cache_->Stats().invalidations, 1u);
  EXPECT_EQ(cache_->Stats().entries, 0u);
}

// The keys have the greatest length that LMDB supports, and are more than one
// transaction removes.
TEST_F(LmdbCacheTest, InvalidatingAPrefixContinuesAfterTheLongestKeys) {
  Open(LmdbCacheOptions::kMinBytes);
  for (const size_t size : {510, 511}) {
    for (char last = 'a'; last <= 'z'; ++last) {
      Set(std::string(size - 1, 'p') + last, "v");
    }
  }
  Set("q", "v");
  ASSERT_TRUE(backend().InvalidatePrefixRaw("p").ok());
  EXPECT_EQ(cache_->Stats().invalidations, 52u);
  EXPECT_EQ(cache_->Stats().entries, 1u);
}

TEST_F(LmdbCacheTest, CountsAddsAsSets) {
  EXPECT_TRUE(*backend().AddRaw("p", "v", kNoTtl));
  EXPECT_FALSE(*backend().AddRaw("p", "v", kNoTtl));
  const std::string large(cache_->Traits().max_value_bytes + 1, 'v');
  EXPECT_FALSE(backend().AddRaw("p", large, kNoTtl).ok());
  EXPECT_EQ(cache_->Stats().sets, 1u);
  EXPECT_EQ(cache_->Stats().write_errors, 1u);
}

TEST_F(LmdbCacheTest, RoundsTheRemainingTtlUp) {
  Set("p/expires", "v", Ttl(1500));
  Set("p/stays", "v");
  EXPECT_EQ(*backend().TtlRaw("p/expires"), Ttl(1500));
  EXPECT_EQ(*backend().TtlRaw("p/stays"), kNoTtl);
  clock_->Advance(std::chrono::microseconds(1'000'001));
  EXPECT_EQ(*backend().TtlRaw("p/expires"), Ttl(500));
  clock_->Advance(std::chrono::microseconds(499'998));
  EXPECT_EQ(*backend().TtlRaw("p/expires"), Ttl(1));
  EXPECT_EQ(backend().GetTimedRaw("p/expires")->remaining_ttl, Ttl(1));
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_FALSE(backend().TtlRaw("p/expires"));
}

TEST_F(LmdbCacheTest, ATtlContinuesWhenTheCacheIsReopened) {
  Set("p", "v", Ttl(1000));
  clock_->Advance(Ttl(600));
  Open();
  EXPECT_EQ(*backend().TtlRaw("p"), Ttl(400));
}

TEST_F(LmdbCacheTest, WritesRemoveExpiredEntries) {
  for (int i = 0; i < 100; ++i) Set("p/" + std::to_string(i), "v", Ttl(1 + i));
  Set("p/stays", "v");
  Set("p/expires later", "v", Ttl(1000));
  clock_->Advance(Ttl(100));
  for (int i = 0; i < 20; ++i) Set("p/stays", "v");
  EXPECT_EQ(cache_->Stats().entries, 2u);
  EXPECT_EQ(cache_->Stats().expirations, 100u);
  EXPECT_EQ(cache_->Stats().evictions, 0u);
  EXPECT_EQ(Get("p/expires later"), "v");
  InPlainLmdb([](PlainLmdb& plain) {
    EXPECT_EQ(plain.Rows(nullptr), 2u + 4u);
    EXPECT_EQ(plain.Rows("order"), 2u);
    EXPECT_EQ(plain.Rows("ends"), 1u);
  });
}

TEST_F(LmdbCacheTest, TheIndexContainsOnlyExistingEntries) {
  for (int i = 0; i < 50; ++i) {
    Set("p/" + std::to_string(i % 7), "v", i % 3 == 0 ? kNoTtl : Ttl(1000));
    if (i % 5 == 0) {
      EXPECT_TRUE(backend().InvalidateRaw("p/1").ok());
    }
  }
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(backend().InvalidateRaw("p/" + std::to_string(i)).ok());
  }
  InPlainLmdb([](PlainLmdb& plain) {
    EXPECT_EQ(plain.Rows(nullptr), 0u + 4u);
    EXPECT_EQ(plain.Rows("order"), 0u);
    EXPECT_EQ(plain.Rows("ends"), 0u);
  });
}

TEST_F(LmdbCacheTest, ATooLargeValueLeavesItsKeyEmpty) {
  Open(LmdbCacheOptions::kMinBytes);
  const uint64_t most = cache_->Traits().max_value_bytes;
  Set("p", std::string(most, 'v'));
  EXPECT_EQ(Get("p").size(), most);
  const std::string larger(most + 1, 'v');
  EXPECT_TRUE(backend().SetRaw("p", larger, kNoTtl).Is(ErrorCode::kTooLarge));
  EXPECT_FALSE(backend().GetRaw("p"));
  Set("p", "v");
  const std::array<RawEntry, 3> batch = {
      {{"p", larger, kNoTtl}, {"q", "1", kNoTtl}, {"r", "2", kNoTtl}}};
  EXPECT_TRUE(backend().SetManyRaw(batch).Is(ErrorCode::kTooLarge));
  EXPECT_FALSE(backend().GetRaw("p"));
  EXPECT_EQ(Get("r"), "2");
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.sets, 4u);
  EXPECT_EQ(stats.write_errors, 2u);
}

TEST_F(LmdbCacheTest, ATooLongPathIsAnInvalidKey) {
  const std::string path(cache_->Traits().max_key_bytes, 'p');
  Set(path, "v");
  EXPECT_EQ(Get(path), "v");
  const std::string longer = path + "p";
  EXPECT_EQ(backend().GetRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_EQ(backend().TtlRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_TRUE(backend().SetRaw(longer, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(backend().InvalidateRaw(longer).Is(ErrorCode::kInvalidKey));
  const std::array paths = {std::string_view(path), std::string_view(longer)};
  const auto found = backend().GetManyRaw(paths);
  EXPECT_TRUE(found[0]);
  EXPECT_EQ(found[1].error().code, ErrorCode::kInvalidKey);
}

TEST_F(LmdbCacheTest, ADamagedRecordIsACorruptMissUntilItIsSet) {
  Set("p", "value", Ttl(1000));
  Set("q", "value");
  std::string record;
  InPlainLmdb([&](PlainLmdb& plain) { record = plain.Get(nullptr, "kp"); });
  for (size_t at = 0; at < record.size(); ++at) {
    InPlainLmdb([&](PlainLmdb& plain) {
      plain.Put(nullptr, "kp", Damaged(record, at));
    });
    EXPECT_EQ(backend().GetRaw("p").error().code, ErrorCode::kCorrupt) << at;
    EXPECT_EQ(backend().TtlRaw("p").error().code, ErrorCode::kCorrupt) << at;
    EXPECT_EQ(backend().GetTimedRaw("p").error().code, ErrorCode::kCorrupt)
        << at;
  }
  EXPECT_EQ(Get("q"), "value");
  Set("p", "new");
  EXPECT_EQ(Get("p"), "new");
  // The old record has left a row with a sequence number that no entry has.
  clock_->Advance(Ttl(1000));
  Set("q", "value");
  EXPECT_EQ(Get("p"), "new");
  InPlainLmdb([](PlainLmdb& plain) { EXPECT_EQ(plain.Rows("ends"), 0u); });
}

TEST_F(LmdbCacheTest, AFlippedBitAnywhereInALargeValueIsCorrupt) {
  const std::string value(20'000, 'v');
  Set("p", value, Ttl(1000));
  std::string record;
  InPlainLmdb([&](PlainLmdb& plain) { record = plain.Get(nullptr, "kp"); });
  const size_t head = record.size() - value.size();
  for (const size_t at : {size_t{0}, head - 1, head, head + 240, head + 4096,
                          record.size() / 2, record.size() - 1}) {
    InPlainLmdb([&](PlainLmdb& plain) {
      plain.Put(nullptr, "kp", Damaged(record, at));
    });
    const std::string_view path = "p";
    for (const Status& status :
         {backend().GetRaw(path).status(), backend().TtlRaw(path).status(),
          backend().GetTimedRaw(path).status(),
          backend().GetManyRaw({&path, 1})[0].status(),
          backend().GetManyTimedRaw({&path, 1})[0].status()}) {
      EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << at << status.ToString();
    }
  }
  EXPECT_TRUE(*backend().AddRaw("p", "added", kNoTtl));
  EXPECT_EQ(Get("p"), "added");
  EXPECT_EQ(cache_->Stats().entries, 1u);
}

TEST_F(LmdbCacheTest, ADirectoryMayHaveRecordsOfBothVersions) {
  Set("new", "new", Ttl(1000));
  const std::string large(5000, 'o');
  InPlainLmdb([&](PlainLmdb& plain) {
    const std::optional<TimePoint> expiry = clock_->Now() + Ttl(1000);
    plain.Put(nullptr, "kold", Version1Record(8, large, expiry));
    plain.Put("order", "\0\0\0\0\0\0\0\x08"sv, "kold");
    plain.Put(nullptr, "ksmall", Version1Record(9, "small", std::nullopt));
    plain.Put("order", "\0\0\0\0\0\0\0\x09"sv, "ksmall");
  });
  EXPECT_EQ(Get("new"), "new");
  EXPECT_EQ(Get("old"), large);
  EXPECT_EQ(Get("small"), "small");
  EXPECT_EQ(*backend().TtlRaw("old"), Ttl(1000));
  EXPECT_FALSE(*backend().AddRaw("small", "added", kNoTtl));
  Set("small", "replaced");
  EXPECT_EQ(Get("small"), "replaced");
  EXPECT_TRUE(backend().InvalidateRaw("old").ok());
  EXPECT_EQ(Get("old"), "<miss>");
  InPlainLmdb([](PlainLmdb& plain) { EXPECT_EQ(plain.Rows("order"), 2u); });
}

TEST_F(LmdbCacheTest, ADamagedRecordCanBeInvalidatedAndCleared) {
  for (const char* path : {"p", "q"}) {
    Set(path, "value");
    InPlainLmdb([&](PlainLmdb& plain) {
      plain.Put(nullptr, "k" + std::string(path), "no record");
    });
  }
  EXPECT_TRUE(backend().InvalidateRaw("p").ok());
  EXPECT_EQ(Get("p"), "<miss>");
  EXPECT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(Get("q"), "<miss>");
}

TEST_F(LmdbCacheTest, DamagedRecordsAreEvictedInOrder) {
  Open(LmdbCacheOptions::kMinBytes);
  const std::string value(30'000, 'v');
  Set("p", value);
  cache_.reset();
  PlainLmdb(directory_.path()).Put(nullptr, "kp", value);
  Open(LmdbCacheOptions::kMinBytes);
  for (int i = 0; i < 100; ++i) Set("q/" + std::to_string(i), value);
  EXPECT_EQ(Get("p"), "<miss>");
}

TEST_F(LmdbCacheTest, ReportsItsTraits) {
  const BackendTraits traits = cache_->Traits();
  EXPECT_EQ(traits.name, "lmdb");
  EXPECT_EQ(traits.location, directory_.path());
  EXPECT_TRUE(traits.supports_ttl_query);
  EXPECT_TRUE(traits.is_shared);
  EXPECT_TRUE(traits.is_persistent);
  EXPECT_EQ(traits.ttl_resolution, Ttl(1));
  EXPECT_EQ(traits.max_key_bytes, LmdbCache::kMaxKeyBytes);
  EXPECT_EQ(traits.max_value_bytes, (uint64_t{1} << 30) / 32 - 16 - 38);
  EXPECT_NE(traits.cleared.find(directory_.path()), std::string::npos);
  const Result<std::string> pong = cache_->Ping();
  ASSERT_TRUE(pong.ok());
  EXPECT_EQ(*pong, "LMDB " + std::to_string(MDB_VERSION_MAJOR) + "." +
                       std::to_string(MDB_VERSION_MINOR) + "." +
                       std::to_string(MDB_VERSION_PATCH));
}

TEST_F(LmdbCacheTest, CountsOperations) {
  Set("p", "v");
  Set("q", "v");
  Get("p");
  Get("none");
  EXPECT_TRUE(backend().InvalidateRaw("q").ok());
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.sets, 2u);
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.invalidations, 1u);
  EXPECT_EQ(stats.entries, 1u);
  EXPECT_EQ(stats.evictions, 0u);
  EXPECT_FALSE(stats.bytes);
}

// Empty if `status` is the error of a call in a forked child.
std::string ComplaintAbout(const Status& status) {
  const bool right = status.Is(ErrorCode::kUnavailable) &&
                     status.ToString().find("fork()") != std::string::npos;
  return right ? "" : status.ToString() + "\n";
}

TEST_F(LmdbCacheTest, InAForkedChildCallsAreUnavailableAndNothingIsReleased) {
  Set("p", "v");
  Get("p");
  EXPECT_EQ(InChild([&] {
              const std::array paths = {"p"sv};
              std::string complaints =
                  ComplaintAbout(backend().GetRaw("p").status()) +
                  ComplaintAbout(backend().TtlRaw("p").status()) +
                  ComplaintAbout(backend().GetTimedRaw("p").status()) +
                  ComplaintAbout(backend().GetManyTimedRaw(paths)[0].status()) +
                  ComplaintAbout(backend().GetManyRaw(paths)[0].status()) +
                  ComplaintAbout(backend().SetRaw("p", "x", kNoTtl)) +
                  ComplaintAbout(backend().InvalidateRaw("p")) +
                  ComplaintAbout(cache_->Clear()) +
                  ComplaintAbout(cache_->Ping().status());
              if (cache_->Stats().entries) complaints += "has entries";
              cache_.reset();
              return complaints;
            }),
            "");
  EXPECT_EQ(Get("p"), "v");
  Set("p", "w");
  EXPECT_EQ(Get("p"), "w");
}

// The entries are so large that each takes a step of its own.
TEST_F(LmdbCacheTest, AWalkEndsInAChildThatItsVisitorForks) {
  constexpr int kEntries = 3;
  const std::string value(size_t{1} << 20, 'v');
  for (int i = 0; i < kEntries; ++i) Set("p/" + std::to_string(i), value);
  for (const bool wants_more : {true, false}) {
    int visited = 0;
    pid_t child = -1;
    const auto visit = [&](const WalkedEntry&) {
      ++visited;
      if (child != -1) return true;
      child = fork();
      if (child == 0) alarm(kChildSeconds);
      return child != 0 || wants_more;
    };
    const Status status = backend().WalkRaw({"p/", true}, visit);
    if (child == 0) {
      _exit(visited == 1 && ComplaintAbout(status).empty() ? 0 : 1);
    }
    ASSERT_GT(child, 0);
    int end = 0;
    EXPECT_EQ(waitpid(child, &end, 0), child);
    EXPECT_TRUE(WIFEXITED(end) && WEXITSTATUS(end) == 0) << end;
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(visited, kEntries);
    EXPECT_EQ(Get("p/0"), value);
  }
}

TEST_F(LmdbCacheTest, AForkedChildCanOpenOnlyDirectoriesThatWereNotOpen) {
  const TempDir other("/dev/shm");
  EXPECT_EQ(
      InChild([&]() -> std::string {
        const Status refused = LmdbCache::Open(directory_.path()).status();
        if (!refused.Is(ErrorCode::kUnsupported)) {
          return refused.ToString();
        }
        const LmdbCache::Opened opened = LmdbCache::Open(other.path());
        if (!opened.ok()) return opened.status().ToString();
        return (*opened)->backend()->SetRaw("p", "the child's", kNoTtl).ok()
                   ? ValueIn(**opened, "p")
                   : "cannot set";
      }),
      "the child's");
  EXPECT_EQ(ValueIn(*OpenLmdb(other.path()), "p"), "the child's");
  EXPECT_EQ(Get("p"), "<miss>");
}

}  // namespace
}  // namespace appcache::lmdb_cache_test
