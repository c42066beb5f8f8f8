// Paths that the text protocol does not carry, on a real server: the item's key
// is the path, and every operation reaches it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/base64.h"
#include "appcache/memcache_cache.h"
#include "tests/memcache/memcache_fixture.h"

namespace appcache::memcache_base64_test {
namespace {

using std::chrono::seconds;
using std::string_literals::operator""s;

// Paths with a blank, control characters, and bytes that would end a line.
const std::vector<std::string> kPaths = {"a b",
                                         " ",
                                         "tab\there",
                                         "nul\0nul"s,
                                         "del\x7f",
                                         "two\r\nlines",
                                         "a\r\nset stolen 0 0 1\r\nx\r\nget a",
                                         "Gr\xc3\xbc\xc3\x9f"
                                         "e \xff"};

class MemcacheBase64Test : public MemcacheTest {
 protected:
  // The server's reply to a meta get of the item whose key is `path`.
  std::string Item(std::string_view path, const std::string& flags) {
    std::string command = "mg ";
    memcache::AppendBase64(path, command);
    return server_.Run(command + " b " + flags);
  }
  // Stores an item under `path` as another client does.
  void Store(std::string_view path, const std::string& flags,
             const std::string& value) {
    std::string command = "ms ";
    memcache::AppendBase64(path, command);
    EXPECT_EQ(server_.Run(command + " " + std::to_string(value.size()) + " b " +
                          flags + "\r\n" + value),
              "HD");
  }
};

TEST_F(MemcacheBase64Test, SetStoresUnderThePathItself) {
  for (const std::string& path : kPaths) {
    ASSERT_TRUE(backend_->SetRaw(path, "value", kNoTtl).ok()) << path;
    EXPECT_EQ(Item(path, "t f v"), "VA 5 t-1 f0\r\nvalue") << path;
  }
  EXPECT_EQ(server_.Stat("curr_items"), static_cast<int64_t>(kPaths.size()));
  EXPECT_EQ(Stored("stolen"), "END");
}

TEST_F(MemcacheBase64Test, EveryReadFindsWhatAnotherClientHasStored) {
  for (const std::string& path : kPaths) {
    Store(path, "T100 F16", "text");
    EXPECT_EQ(ValueOf(backend_->GetRaw(path)), "text") << path;
    const std::string_view view = path;
    EXPECT_EQ(ValueOf(backend_->GetManyRaw({&view, 1})[0]), "text");
    const Lookup<TimedBytes> timed = backend_->GetTimedRaw(path);
    ASSERT_TRUE(timed.is_hit());
    EXPECT_EQ(timed->value.view(), "text");
    EXPECT_GT(timed->remaining_ttl, seconds(0));
    EXPECT_LE(timed->remaining_ttl, seconds(100));
    const Lookup<Ttl> ttl = backend_->TtlRaw(path);
    ASSERT_TRUE(ttl.is_hit());
    EXPECT_GT(*ttl, seconds(0));
  }
}

TEST_F(MemcacheBase64Test, MissesAreMisses) {
  for (const std::string& path : kPaths) {
    EXPECT_EQ(ValueOf(backend_->GetRaw(path)), "<miss>") << path;
    EXPECT_FALSE(backend_->GetTimedRaw(path).has_error());
    EXPECT_FALSE(backend_->TtlRaw(path).is_hit());
    EXPECT_TRUE(backend_->InvalidateRaw(path).ok());
  }
}

TEST_F(MemcacheBase64Test, InvalidateRemovesWhatAnotherClientHasStored) {
  for (const std::string& path : kPaths) {
    Store(path, "T0", "v");
    ASSERT_TRUE(backend_->InvalidateRaw(path).ok()) << path;
    EXPECT_EQ(Item(path, "v"), "EN") << path;
  }
}

TEST_F(MemcacheBase64Test, AddStoresOnlyIfThereIsNoItem) {
  for (const std::string& path : kPaths) {
    EXPECT_TRUE(*backend_->AddRaw(path, "first", seconds(100))) << path;
    EXPECT_FALSE(*backend_->AddRaw(path, "second", kNoTtl)) << path;
    EXPECT_EQ(Item(path, "v"), "VA 5\r\nfirst") << path;
    EXPECT_TRUE(backend_->TtlRaw(path).is_hit());
  }
}

TEST_F(MemcacheBase64Test, TtlsAreTheSameAsOfOtherKeys) {
  for (const Ttl ttl : {Ttl(seconds(100)), Ttl(std::chrono::hours(24 * 40)),
                        Ttl(std::chrono::hours(24 * 365 * 90)), kNoTtl}) {
    ASSERT_TRUE(backend_->SetRaw("a b", "v", ttl).ok());
    ASSERT_TRUE(backend_->SetRaw("ab", "v", ttl).ok());
    const Ttl in_base64 = *backend_->TtlRaw("a b");
    const Ttl as_text = *backend_->TtlRaw("ab");
    EXPECT_LE(std::chrono::abs(in_base64 - as_text), seconds(2));
    EXPECT_EQ(in_base64 == kNoTtl, as_text == kNoTtl);
  }
}

// A batch takes each kind of key: text, base64, hash.
TEST_F(MemcacheBase64Test, BatchMixesAllKindsOfKeys) {
  std::vector<std::string> paths;
  for (int i = 0; i < 300; ++i) {
    paths.push_back("text/" + std::to_string(i));
    paths.push_back("with blank/" + std::to_string(i));
    if (i % 3 == 0) paths.push_back(std::string(300, 'l') + std::to_string(i));
  }
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  std::vector<RawEntry> entries;
  for (const std::string& path : paths) entries.push_back({path, path});
  ASSERT_TRUE(backend_->SetManyRaw(entries).ok());
  EXPECT_EQ(Item("with blank/7", "v"), "VA 12\r\nwith blank/7");
  const auto found = backend_->GetManyRaw(views);
  const auto timed = backend_->GetManyTimedRaw(views);
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(ValueOf(found[i]), paths[i]);
    ASSERT_TRUE(timed[i].is_hit());
    EXPECT_EQ(timed[i]->value.view(), paths[i]);
  }
  ASSERT_TRUE(backend_->InvalidateManyRaw(views).ok());
  EXPECT_EQ(server_.Stat("curr_items"), 0);
}

TEST_F(MemcacheBase64Test, PathOf187BytesIsHashed) {
  const std::string longest = "a " + std::string(184, 'x');
  ASSERT_TRUE(backend_->SetRaw(longest, "v", kNoTtl).ok());
  EXPECT_EQ(Item(longest, "v"), "VA 1\r\nv");
  const std::string longer = longest + "x";
  ASSERT_TRUE(backend_->SetRaw(longer, "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw(longer)), "v");
  EXPECT_NE(server_.Listing().find("appcache-hash"), std::string::npos);
  ASSERT_TRUE(backend_->InvalidateRaw(longer).ok());
  EXPECT_EQ(server_.Listing().find("appcache-hash"), std::string::npos);
}

// memcached removes the old value also when it rejects an add, unlike with
// other keys.
TEST_F(MemcacheBase64Test, SetOrAddThatTheServerRejectsEmptiesTheKey) {
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{2} << 20;
  const auto cache = OpenOn(server_, options);
  Backend& backend = *cache->backend();
  const std::string large(size_t{1} << 20, 'v');
  ASSERT_TRUE(backend.SetRaw("a b", "old", kNoTtl).ok());
  EXPECT_TRUE(
      backend.AddRaw("a b", large, kNoTtl).status().Is(ErrorCode::kTooLarge));
  EXPECT_EQ(ValueOf(backend.GetRaw("a b")), "<miss>");
  ASSERT_TRUE(backend.SetRaw("a b", "old", kNoTtl).ok());
  const Status status = backend.SetRaw("a b", large, kNoTtl);
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  EXPECT_EQ(ValueOf(backend.GetRaw("a b")), "<miss>");
  // This one is not sent.
  ASSERT_TRUE(backend.SetRaw("a b", "old", kNoTtl).ok());
  EXPECT_TRUE(
      backend.SetRaw("a b", large + large, kNoTtl).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(ValueOf(backend.GetRaw("a b")), "<miss>");
}

}  // namespace
}  // namespace appcache::memcache_base64_test
