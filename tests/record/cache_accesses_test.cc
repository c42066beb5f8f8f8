// What a Cache records of its operations.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "appcache/access_recorder.h"
#include "tests/record/recorder.h"
#include "tests/support/map_cache.h"
#include "tests/support/temp_dir.h"

namespace appcache::cache_accesses_test {
namespace {

using internal::RecorderFile;
using internal::RingReader;

// "hit", key and size: an access as the test writes it.
using Accesses = std::vector<std::string>;

class CacheAccessesTest : public ::testing::Test {
 protected:
  CacheAccessesTest() {
    // A lease that a slow machine does not reach.
    const uint64_t now = internal::MachineMilliseconds();
    EXPECT_TRUE(reader_.Start({{1, 2}, 3, UINT64_MAX}, now).ok());
    reader_.Renew(now + 1'000'000);
  }

  CacheOptions Options() const {
    CacheOptions options;
    options.prefix = "p";
    options.recorder = recorder_;
    return options;
  }

  // What has been recorded since the last call. Keys: "p/a" to "p/f", "p/ns".
  Accesses Recorded() {
    static constexpr const char* kKinds[] = {"hit", "miss", "set", "del"};
    std::vector<internal::AccessRecord> records;
    EXPECT_TRUE(reader_.Read(0, false, 1000, records).ok());
    Accesses accesses;
    for (const internal::AccessRecord& record : records) {
      std::string text = kKinds[static_cast<size_t>(record.kind)];
      std::string key = " ?";
      for (const std::string path :
           {"p/a", "p/b", "p/c", "p/d", "p/e", "p/f", "p/ns", "p/one/a"}) {
        if (MemoryRecorder::IdOf(path) == record.id) key = " " + path;
      }
      text += key + " " + std::to_string(record.bytes);
      if (record.ttl_ms > 0) text += " ttl " + std::to_string(record.ttl_ms);
      accesses.push_back(text);
    }
    return accesses;
  }

  static Key<std::string> At(const char* name) {
    return Key<std::string>(name);
  }

  const TempDir dir_;
  const std::shared_ptr<AccessRecorder> recorder_ =
      *AccessRecorder::Create(dir_.path() + "/record");
  const RecorderFile file_ = *RecorderFile::Attach(dir_.path() + "/record");
  RingReader reader_{file_.layout()};
  MapCache cache_{Options()};
};

TEST_F(CacheAccessesTest, GetsSetsAndInvalidations) {
  (void)cache_.Get(At("a"));
  EXPECT_TRUE(cache_.Set(At("a"), "value", Ttl(5000)).ok());
  (void)cache_.Get(At("a"));
  (void)cache_.GetByStr<Bytes>("a");
  (void)cache_.Read(At("a"), [](std::string_view) {});
  EXPECT_TRUE(cache_.Invalidate(At("a")).ok());
  (void)cache_.Read(At("a"), [](std::string_view) {});
  (void)cache_.GetByStr<Bytes>("a");
  EXPECT_TRUE(cache_.SetByStr("b", "1").ok());
  EXPECT_TRUE(cache_.SetByStr<int>("b", 12).ok());
  EXPECT_TRUE(cache_.InvalidateByStr("b").ok());
  EXPECT_EQ(Recorded(),
            (Accesses{"miss p/a 3", "set p/a 8 ttl 5000", "hit p/a 8",
                      "hit p/a 8", "hit p/a 8", "del p/a 3", "miss p/a 3",
                      "miss p/a 3", "set p/b 4", "set p/b 5", "del p/b 3"}));
}

TEST_F(CacheAccessesTest, EachKeyOfABatch) {
  using Entry = std::pair<Key<std::string>, std::string>;
  EXPECT_TRUE(
      cache_.SetMany({Entry(At("a"), "1"), Entry(At("b"), "22")}, Ttl(7)).ok());
  (void)cache_.GetMany({At("a"), At("c"), At("b")});
  EXPECT_TRUE(cache_.InvalidateMany({At("a"), At("c")}).ok());
  EXPECT_EQ(Recorded(),
            (Accesses{"set p/a 4 ttl 7", "set p/b 5 ttl 7", "hit p/a 4",
                      "miss p/c 3", "hit p/b 5", "del p/a 3", "del p/c 3"}));
}

TEST_F(CacheAccessesTest, ReadsAndWritesOfGetVia) {
  LoadOptions options;
  options.ttl = Ttl(9);
  EXPECT_EQ(cache_.GetVia(
                At("a"), [] { return "12"; }, options),
            "12");
  EXPECT_EQ(cache_.GetVia(At("a"), [] { return "no"; }), "12");
  (void)cache_.GetManyVia({At("a"), At("b")},
                          [](std::span<const Key<std::string>> keys) {
                            return std::vector<std::string>(keys.size(), "345");
                          });
  EXPECT_TRUE(cache_.SetVia(At("c"), "1", [](const std::string&) {}).ok());
  EXPECT_EQ(Recorded(),
            (Accesses{"miss p/a 3", "set p/a 5 ttl 9", "hit p/a 5", "hit p/a 5",
                      "miss p/b 3", "set p/b 6", "set p/c 4"}));
}

TEST_F(CacheAccessesTest, TimedReadsOfGetVia) {
  LoadOptions options;
  options.ttl = std::chrono::hours(1);
  options.stale_for = std::chrono::hours(1);
  const auto load = [&] {
    return cache_.GetVia(
        At("a"), [] { return "12"; }, options);
  };
  EXPECT_EQ(load(), "12");
  EXPECT_EQ(load(), "12");
  const auto many = [&] {
    return cache_.GetManyVia(
        {At("a"), At("b")},
        [](std::span<const Key<std::string>> keys) {
          return std::vector<std::string>(keys.size(), "3");
        },
        options);
  };
  EXPECT_EQ(many().size(), 2u);
  EXPECT_EQ(Recorded(),
            (Accesses{"miss p/a 3", "set p/a 5 ttl 7200000", "hit p/a 5",
                      "hit p/a 5", "miss p/b 3", "set p/b 4 ttl 7200000"}));
}

// The second read of a load that waits for other processes is of the same
// request.
TEST_F(CacheAccessesTest, ALoadWithAProcessLockIsOneMiss) {
  LoadOptions options;
  options.process_lock = std::chrono::seconds(10);
  EXPECT_EQ(cache_.GetVia(
                At("a"), [] { return "12"; }, options),
            "12");
  EXPECT_EQ(Recorded(), (Accesses{"miss p/a 3", "set p/a 5"}));
}

struct Namespaced {
  using value_type = std::string;
  Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
  void AppendTo(KeyPath& path) const { path.Segment("a"); }
};

TEST_F(CacheAccessesTest, AReadOfANamespaceIsAnAccess) {
  EXPECT_TRUE(cache_.Set(At("ns"), "one").ok());
  (void)cache_.Get(Namespaced());
  EXPECT_EQ(Recorded(),
            (Accesses{"set p/ns 7", "hit p/ns 7", "miss p/one/a 7"}));
}

TEST_F(CacheAccessesTest, FailuresAreRecordedToo) {
  cache_.set_hook([](MapBackend::Operation, std::string_view) {
    return Status(ErrorCode::kUnavailable, "down");
  });
  (void)cache_.Get(At("a"));
  EXPECT_FALSE(cache_.Set(At("a"), "1").ok());
  EXPECT_FALSE(cache_.Invalidate(At("a")).ok());
  EXPECT_EQ(Recorded(), (Accesses{"miss p/a 3", "set p/a 4", "del p/a 3"}));
}

TEST_F(CacheAccessesTest, SizesAreThoseOfStoredValues) {
  const std::string value(10'000, 'x');
  EXPECT_TRUE(cache_.SetByStr("a", value, kNoTtl, Compression::kCompress).ok());
  (void)cache_.GetByStr<std::string>("a");
  (void)cache_.GetByStr<Bytes>("a");
  const Accesses accesses = Recorded();
  ASSERT_EQ(accesses.size(), 3u);
  const std::string size = std::to_string(3 + cache_.StoredAt("p/a").size());
  EXPECT_EQ(accesses[0], "set p/a " + size);
  EXPECT_EQ(accesses[1], "hit p/a " + size);
  EXPECT_EQ(accesses[2], "hit p/a " + size);
}

TEST_F(CacheAccessesTest, WhatIsNotAnAccessOfAKeyIsNotRecorded) {
  EXPECT_TRUE(cache_.Set(At("a"), "1").ok());
  EXPECT_EQ(Recorded().size(), 1u);
  (void)cache_.TtlOf(At("a"));
  EXPECT_TRUE(cache_.InvalidatePrefix("a").ok());
  EXPECT_TRUE(cache_.Clear().ok());
  (void)cache_.Stats();
  EXPECT_EQ(Recorded(), Accesses{});
}

TEST_F(CacheAccessesTest, ACacheWithoutARecorderRecordsNothing) {
  MapCache other;
  EXPECT_TRUE(other.Set(At("a"), "1").ok());
  (void)other.Get(At("a"));
  EXPECT_EQ(Recorded(), Accesses{});
}

}  // namespace
}  // namespace appcache::cache_accesses_test
