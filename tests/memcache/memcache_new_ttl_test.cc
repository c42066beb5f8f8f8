// SetTtlRaw on a real server: it changes neither the value nor its flags.

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "adapters/memcache/base64.h"
#include "adapters/memcache/wire_key.h"
#include "appcache/memcache_cache.h"
#include "tests/memcache/memcache_fixture.h"

namespace appcache::memcache_new_ttl_test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::string_literals::operator""s;

std::string Zlib(std::string_view plain) {
  std::string packed(compressBound(plain.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(
      compress(reinterpret_cast<Bytef*>(packed.data()), &size,
               reinterpret_cast<const Bytef*>(plain.data()), plain.size()),
      Z_OK);
  packed.resize(size);
  return packed;
}

class MemcacheNewTtlTest : public MemcacheTest {
 protected:
  // Stores an item as another client does.
  void Store(const std::string& key, int flags, const std::string& bytes) {
    EXPECT_EQ(server_.Run("set " + key + " " + std::to_string(flags) + " 0 " +
                          std::to_string(bytes.size()) + "\r\n" + bytes),
              "STORED");
  }
  std::string Item(const std::string& key, int flags,
                   const std::string& bytes) {
    return "VALUE " + key + " " + std::to_string(flags) + " " +
           std::to_string(bytes.size()) + "\r\n" + bytes + "\r\nEND";
  }
  // The seconds until the item expires, as the server counts them; -1: never.
  int64_t SecondsLeft(const std::string& key) {
    const std::string reply = server_.Run("mg " + key + " t");
    EXPECT_TRUE(reply.starts_with("HD t")) << reply;
    return reply.starts_with("HD t") ? std::stoll(reply.substr(4)) : -2;
  }
  bool SetTtl(std::string_view path, Ttl ttl) {
    const Result<bool> found = backend_->SetTtlRaw(path, ttl);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() && *found;
  }
};

// As pylibmc stores them: bytes, a pickle, integers, text, compressed ones, and
// what this library cannot read.
TEST_F(MemcacheNewTtlTest, ValueAndFlagsOfAnotherClientAreKept) {
  const struct {
    int flags;
    std::string bytes;
  } kItems[] = {{0, "bytes"},
                {1, "\x80\x04}\x94\x8c\1a\x94K\1s."},
                {2, "7"},
                {4, "7"},
                {8, Zlib(std::string(3 << 20, 'x'))},
                {9, Zlib("\x80\x04K\x07.")},
                {16, "text"},
                {24, Zlib("text")},
                {8, "damaged"},
                {33, "unknown"},
                {1, ""}};
  for (const auto& [flags, bytes] : kItems) {
    Store("k", flags, bytes);
    for (const Ttl ttl : {Ttl(seconds(100)), kNoTtl, Ttl(seconds(200))}) {
      EXPECT_TRUE(SetTtl("k", ttl)) << flags;
      EXPECT_EQ(Stored("k"), Item("k", flags, bytes)) << flags;
    }
    EXPECT_GT(SecondsLeft("k"), 100);
    EXPECT_LE(SecondsLeft("k"), 201);
  }
}

TEST_F(MemcacheNewTtlTest, IntegerOfAnotherClientStillCounts) {
  Store("k", 2, "7");
  EXPECT_TRUE(SetTtl("k", seconds(100)));
  EXPECT_EQ(server_.Run("incr k 1 noreply\r\nget k"), Item("k", 2, "8"));
}

// A compressed text of 3 MB is read as one that is too large to be set.
TEST_F(MemcacheNewTtlTest, ValueThatCouldNotBeSetIsKept) {
  const std::string text(3'000'000, 'x');
  Store("k", 24, Zlib(text));
  EXPECT_TRUE(SetTtl("k", seconds(100)));
  EXPECT_TRUE(ValueOf(backend_->GetRaw("k")) == text);
}

TEST_F(MemcacheNewTtlTest, ExpiryTimeIsThatOfASet) {
  for (const Ttl ttl : {Ttl(seconds(100)), Ttl(hours(24 * 30) - seconds(1)),
                        Ttl(hours(24 * 30)), Ttl(hours(24 * 400)),
                        Ttl(hours(24 * 365 * 30)), kMaxTtl, kNoTtl}) {
    for (const std::string& path : {"a"s, "a b"s, std::string(300, 'l')}) {
      ASSERT_TRUE(backend_->SetRaw(path, "v", seconds(1000)).ok());
      EXPECT_TRUE(SetTtl(path, ttl));
      const Lookup<Ttl> touched = backend_->TtlRaw(path);
      ASSERT_TRUE(backend_->SetRaw(path, "v", ttl).ok());
      const Lookup<Ttl> set = backend_->TtlRaw(path);
      ASSERT_TRUE(touched.is_hit()) << ttl.count();
      ASSERT_TRUE(set.is_hit()) << ttl.count();
      EXPECT_EQ(*touched == kNoTtl, *set == kNoTtl) << ttl.count();
      EXPECT_LE(std::chrono::abs(*touched - *set), seconds(60)) << ttl.count();
    }
  }
}

TEST_F(MemcacheNewTtlTest, ItemUnderABase64KeyKeepsValueAndFlags) {
  for (const std::string& path :
       {"a b"s, "tab\there"s, "two\r\nlines"s, "nul\0nul"s}) {
    std::string key;
    memcache::AppendBase64(path, key);
    EXPECT_EQ(server_.Run("ms " + key + " 1 b F4\r\n7"), "HD");
    EXPECT_TRUE(SetTtl(path, seconds(100))) << path;
    EXPECT_EQ(server_.Run("mg " + key + " b f v"), "VA 1 f4\r\n7");
    const std::string left = server_.Run("mg " + key + " b t");
    ASSERT_TRUE(left.starts_with("HD t")) << left;
    EXPECT_GT(std::stoi(left.substr(4)), 0);
    EXPECT_LE(std::stoi(left.substr(4)), 101);
    EXPECT_TRUE(SetTtl(path, kNoTtl));
    EXPECT_EQ(server_.Run("mg " + key + " b t"), "HD t-1");
    ASSERT_TRUE(backend_->InvalidateRaw(path).ok());
    EXPECT_FALSE(SetTtl(path, seconds(100)));
  }
}

TEST_F(MemcacheNewTtlTest, ItemUnderAHashIsTouchedIfItsPathIsTheSame) {
  const std::string path(300, 'l');
  const std::string key(memcache::WireKey(path).view());
  EXPECT_FALSE(SetTtl(path, seconds(100)));
  ASSERT_TRUE(backend_->SetRaw(path, "value", kNoTtl).ok());
  const std::string item = Stored(key);
  EXPECT_TRUE(SetTtl(path, seconds(100)));
  EXPECT_EQ(Stored(key), item);
  EXPECT_LE(SecondsLeft(key), 101);
  EXPECT_GT(SecondsLeft(key), 0);
}

TEST_F(MemcacheNewTtlTest, ItemOfAnotherPathWithTheSameHashIsNotTouched) {
  const std::string path(300, 'l');
  const std::string key(memcache::WireKey(path).view());
  Store(key, 0, "apk1\5\0\0\0otherv"s);
  EXPECT_FALSE(SetTtl(path, seconds(100)));
  EXPECT_EQ(SecondsLeft(key), -1);
  Store(key, 0, "foreign");
  EXPECT_TRUE(
      backend_->SetTtlRaw(path, seconds(100)).status().Is(ErrorCode::kCorrupt));
  EXPECT_EQ(SecondsLeft(key), -1);
  EXPECT_EQ(Stored(key), Item(key, 0, "foreign"));
}

TEST_F(MemcacheNewTtlTest, MissingKeyStaysMissing) {
  for (const std::string& path : {"k"s, "a b"s, std::string(300, 'l')}) {
    for (const Ttl ttl : {kNoTtl, Ttl(seconds(100))}) {
      EXPECT_FALSE(SetTtl(path, ttl));
    }
  }
  EXPECT_EQ(server_.Stat("curr_items"), 0);
}

// Each of the numbers that the other thread sets is the last one for a moment.
TEST_F(MemcacheNewTtlTest, ValueOfAConcurrentSetSurvives) {
  for (const std::string& path : {"k"s, "a b"s}) {
    ASSERT_TRUE(backend_->SetRaw(path, "0", kNoTtl).ok());
    std::atomic<bool> is_done = false;
    std::jthread toucher([&] {
      while (!is_done) EXPECT_TRUE(SetTtl(path, seconds(100)));
    });
    for (int i = 1; i <= 500; ++i) {
      const std::string number = std::to_string(i);
      ASSERT_TRUE(backend_->SetRaw(path, number, kNoTtl).ok());
      EXPECT_EQ(ValueAt(*backend_, path), number);
    }
    is_done = true;
  }
}

// No command that writes a value is sent.
TEST_F(MemcacheNewTtlTest, TheServerCountsNoGetAndNoSetOfATextKey) {
  Store("k", 0, "v");
  const int64_t sets = server_.Stat("cmd_set");
  const int64_t gets = server_.Stat("cmd_get");
  EXPECT_TRUE(SetTtl("k", seconds(100)));
  EXPECT_EQ(server_.Stat("cmd_set"), sets);
  EXPECT_EQ(server_.Stat("cmd_get"), gets);
  EXPECT_EQ(server_.Stat("cmd_touch"), 1);
}

}  // namespace
}  // namespace appcache::memcache_new_ttl_test
