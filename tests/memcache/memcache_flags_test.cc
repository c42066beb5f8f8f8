// Values that other clients have stored with flags of their own.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "appcache/json_serialiser.h"
#include "appcache/memcache_cache.h"
#include "appcache/pickle_serialiser.h"
#include "tests/memcache/memcache_fixture.h"

namespace appcache::memcache_flags_test {
namespace {

using std::string_literals::operator""s;

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

// What serialisers of each kind read from the key "k".
struct Results {
  std::string text;
  std::string integer;
  std::string boolean;
  std::string json;
  std::string pickle;

  friend bool operator==(const Results&, const Results&) = default;
  friend void PrintTo(const Results& results, std::ostream* out) {
    *out << results.text << " | " << results.integer << " | " << results.boolean
         << " | " << results.json << " | " << results.pickle;
  }
};

template <class V, class S>
struct KeyOf {
  using value_type = V;
  using serialiser = S;
  void AppendTo(KeyPath& path) const { path.Segment("k"); }
};

std::string Text(const std::string& value) { return "'" + value + "'"; }
std::string Text(int64_t value) { return std::to_string(value); }
std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(const nlohmann::json& value) { return value.dump(); }
std::string Text(const PickleValue& pickle) {
  return std::visit(
      [](const auto& value) -> std::string {
        using V = std::decay_t<decltype(value)>;
        if constexpr (std::is_arithmetic_v<V>) {
          return std::to_string(value);
        } else if constexpr (std::is_same_v<V, std::string>) {
          return Text(value);
        } else if constexpr (std::is_same_v<V, PickleValue::List>) {
          return "list of " + std::to_string(value.size());
        } else {
          return "another value";
        }
      },
      pickle.value);
}

template <class V, class S = Serialiser<V>>
std::string ReadAs(Cache& cache) {
  const Lookup<V> found = cache.Get(KeyOf<V, S>());
  if (found) return Text(*found);
  if (!found.has_error()) return "miss";
  return std::string(ToString(found.error().code));
}

Results ReadAsEach(Cache& cache) {
  return {
      ReadAs<std::string>(cache), ReadAs<int64_t>(cache), ReadAs<bool>(cache),
      ReadAs<nlohmann::json, JsonSerialiser<nlohmann::json, nlohmann::json>>(
          cache),
      ReadAs<PickleValue, PickleSerialiser<PickleValue>>(cache)};
}

struct Flagged {
  int flags;
  std::string stored;
  Results results;
};

const std::string kNo = "corrupt";

// As pylibmc and python-memcached store them.
const Flagged kFlagged[] = {
    // Bytes.
    {0, "7", {"'7'", "7", kNo, "7", kNo}},
    {0, "\x80\x05K\x07.", {kNo, kNo, kNo, kNo, "7"}},
    // Pickles of protocols 5, 2, 1 and 0.
    {1, "\x80\x05K\x07.", {kNo, kNo, kNo, kNo, "7"}},
    {1, "\x80\x02X\2\0\0\0abq\0."s, {kNo, kNo, kNo, kNo, "'ab'"}},
    {1, "K\x07.", {kNo, kNo, kNo, kNo, "7"}},
    {1, "I7\n.", {kNo, kNo, kNo, kNo, "7"}},
    {1, "Vab\np0\n.", {kNo, kNo, kNo, kNo, "'ab'"}},
    {1, "(lp0\nI1\naI2\na.", {kNo, kNo, kNo, kNo, "list of 2"}},
    // A pickle that runs code, and values that are none.
    {1, "cos\nsystem\n(S'true'\ntR.", {kNo, kNo, kNo, kNo, kNo}},
    {1, "text", {kNo, kNo, kNo, kNo, kNo}},
    {1, "7", {kNo, kNo, kNo, kNo, kNo}},
    {1, "", {kNo, kNo, kNo, kNo, kNo}},
    // Integers and bools.
    {2, "1", {kNo, "1", "true", kNo, "1"}},
    {2, "0", {kNo, "0", "false", kNo, "0"}},
    {4, "7", {kNo, "7", kNo, kNo, "7"}},
    {4, "-7", {kNo, "-7", kNo, kNo, "-7"}},
    {4, "7 ", {kNo, "7", kNo, kNo, "7"}},
    {4, "1000000000000000000000", {kNo, kNo, kNo, kNo, kNo}},
    {4, "01", {kNo, kNo, kNo, kNo, kNo}},
    {4, "", {kNo, kNo, kNo, kNo, kNo}},
    {4, "-", {kNo, kNo, kNo, kNo, kNo}},
    {2, "x", {kNo, kNo, kNo, kNo, kNo}},
    {2, "7\n.\x80\x02I8", {kNo, kNo, kNo, kNo, kNo}},
    // Text.
    {16, "text", {"'text'", kNo, kNo, kNo, kNo}},
    {16, "[1]", {"'[1]'", kNo, kNo, "[1]", kNo}},
    {16, "", {"''", kNo, kNo, kNo, kNo}},
    // Flags that nobody has defined.
    {3, "1", {kNo, kNo, kNo, kNo, kNo}},
    {6, "1", {kNo, kNo, kNo, kNo, kNo}},
    {17, "K\x07.", {kNo, kNo, kNo, kNo, kNo}},
    {18, "1", {kNo, kNo, kNo, kNo, kNo}},
    {32, "1", {kNo, kNo, kNo, kNo, kNo}},
};

TEST_F(MemcacheFlagsTest, ValueIsReadBySerialisersOfItsTypeOnly) {
  for (const Flagged& value : kFlagged) {
    Store("pyappcache/k", value.flags, value.stored);
    EXPECT_EQ(ReadAsEach(*cache_), value.results)
        << value.flags << " " << value.stored;
    Store("pyappcache/k", value.flags + 8, Zlib(value.stored));
    EXPECT_EQ(ReadAsEach(*cache_), value.results)
        << "compressed " << value.flags << " " << value.stored;
  }
}

TEST_F(MemcacheFlagsTest, EveryWayToReadReturnsTheSame) {
  Store("k", 16, "1");
  EXPECT_EQ(Read(*backend_, "k"), "1");
  Store("k", 4, "1");
  EXPECT_EQ(Read(*backend_, "k"), "\x80\x02I1\n.");
  Store("k", 1, "I1\n.");
  EXPECT_EQ(Read(*backend_, "k"), "\x80\x03I1\n.");
}

TEST_F(MemcacheFlagsTest, IntegerOfAnotherClientIsANamespace) {
  struct ItemKey {
    using value_type = std::string;
    void AppendTo(KeyPath& path) const { path.Segment("item"); }
    Key<int> namespace_key() const { return Key<int>("version"); }
  };
  Store("pyappcache/version", 4, "12");
  ASSERT_TRUE(cache_->Set(ItemKey(), "in it").ok());
  EXPECT_EQ(Stored("pyappcache/12/item"),
            "VALUE pyappcache/12/item 0 5\r\nin it\r\nEND");
}

TEST_F(MemcacheFlagsTest, CompressedValueIsInflated) {
  const std::string text(100'000, 'x');
  for (const int flags : {8, 24}) {
    Store("k", flags, Zlib(text));
    EXPECT_TRUE(Read(*backend_, "k") == text) << flags;
  }
  Store("k", 8, Zlib(""));
  EXPECT_EQ(Read(*backend_, "k"), "");
}

TEST_F(MemcacheFlagsTest, UnknownEncodingIsCorrupt) {
  for (const int flags : {3, 32, 33, 6}) {
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
}  // namespace appcache::memcache_flags_test
