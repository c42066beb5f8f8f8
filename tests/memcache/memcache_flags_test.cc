// Values that other clients have stored with flags of their own.

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcache_fixture.h"

namespace appcache {
namespace {

// As pylibmc compresses.
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

class MemcacheFlagsTest : public MemcacheTest {
 protected:
  void Store(const std::string& key, int flags, const std::string& bytes) {
    EXPECT_EQ(server_.Run("set " + key + " " + std::to_string(flags) + " 0 " +
                          std::to_string(bytes.size()) + "\r\n" + bytes),
              "STORED");
  }

  // What every way to read the key returns.
  std::string Read(Backend& backend, std::string_view key) {
    const std::string value = ValueOf(backend.GetRaw(key));
    EXPECT_EQ(ValueOf(backend.GetManyRaw({&key, 1})[0]), value);
    const auto plain = [](const TimedBytes& timed) { return timed.value; };
    EXPECT_EQ(ValueOf(backend.GetTimedRaw(key).Map(plain)), value);
    EXPECT_EQ(ValueOf(backend.GetManyTimedRaw({&key, 1})[0].Map(plain)), value);
    return value;
  }
};

TEST_F(MemcacheFlagsTest, TextIntsAndBoolsAreTheStoredBytes) {
  for (const int flags : {0, 2, 4, 16}) {
    Store("k", flags, "1");
    EXPECT_EQ(Read(*backend_, "k"), "1") << flags;
  }
}

TEST_F(MemcacheFlagsTest, CompressedValueIsInflated) {
  const std::string text(100'000, 'x');
  for (const int flags : {8, 10, 12, 24}) {
    Store("k", flags, Zlib(text));
    EXPECT_TRUE(Read(*backend_, "k") == text) << flags;
  }
  Store("k", 8, Zlib(""));
  EXPECT_EQ(Read(*backend_, "k"), "");
}

TEST_F(MemcacheFlagsTest, UnknownEncodingIsCorrupt) {
  for (const int flags : {1, 9, 3, 32, 33, 6}) {
    Store("k", flags, Zlib("x"));
    EXPECT_EQ(Read(*backend_, "k").substr(0, 8), "corrupt:") << flags;
  }
}

TEST_F(MemcacheFlagsTest, DamagedCompressedValueIsCorrupt) {
  const std::string whole = Zlib(std::string(1000, 'x'));
  for (const std::string& damaged :
       {std::string(), std::string("plain"), whole.substr(0, 5),
        whole.substr(0, whole.size() - 1), whole + "x"}) {
    Store("k", 8, damaged);
    EXPECT_EQ(Read(*backend_, "k").substr(0, 8), "corrupt:");
  }
}

TEST_F(MemcacheFlagsTest, InflatedValueIsLimited) {
  MemcacheCacheOptions options;
  options.cache.max_inflated_bytes = 100'000;
  const auto cache = OpenOn(server_, options);
  Store("k", 8, Zlib(std::string(100'000, 'x')));
  EXPECT_EQ(Read(*cache->backend(), "k").size(), 100'000u);
  Store("k", 8, Zlib(std::string(100'001, 'x')));
  const std::string refused = Read(*cache->backend(), "k");
  EXPECT_NE(refused.find("more than max_inflated_bytes"), std::string::npos)
      << refused;
}

TEST_F(MemcacheFlagsTest, NumberThatADecrHasPaddedIsRead) {
  const Key<int> key("count");
  EXPECT_TRUE(cache_->Set(key, 10).ok());
  EXPECT_EQ(server_.Run("decr pyappcache/count 1 noreply\r\n"
                        "get pyappcache/count"),
            "VALUE pyappcache/count 0 2\r\n9 \r\nEND");
  EXPECT_EQ(cache_->Get(key).value(), 9);
}

}  // namespace
}  // namespace appcache
