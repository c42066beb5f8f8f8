// GetMany, SetMany and InvalidateMany, with a backend that inherits the batch
// operations and with one that overrides them.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::batch_test {
namespace {

using Operation = MapCache::Operation;
using IntKey = Key<int>;
using Entries = std::vector<std::pair<IntKey, int>>;

std::vector<IntKey> Keys(std::initializer_list<std::string_view> names) {
  std::vector<IntKey> keys;
  for (const std::string_view name : names) keys.emplace_back(name);
  return keys;
}

// The value, "miss" or the error code for each key.
std::vector<std::string> GetMany(Cache& cache,
                                 const std::vector<IntKey>& keys) {
  std::vector<std::string> texts;
  for (const Lookup<int>& found : cache.GetMany(keys)) {
    if (found) {
      texts.push_back(std::to_string(*found));
    } else {
      texts.emplace_back(found.has_error() ? ToString(found.error().code)
                                           : "miss");
    }
  }
  return texts;
}

using Texts = std::vector<std::string>;

// Fails for paths that end with `name`.
MapCache::Hook FailingFor(std::string name) {
  return [name](Operation, std::string_view path) {
    return path.ends_with(name) ? Status(ErrorCode::kBusy, name) : Status();
  };
}

TEST(BatchTest, GetManyReturnsOneLookupPerKeyInOrder) {
  MapCache cache;
  ASSERT_TRUE(cache.SetMany(Entries{{IntKey("a"), 1}, {IntKey("b"), 2}}).ok());
  EXPECT_EQ(GetMany(cache, Keys({"b", "none", "a", "b"})),
            (Texts{"2", "miss", "1", "2"}));
}

TEST(BatchTest, AnEmptyBatchSucceeds) {
  MapCache cache;
  EXPECT_TRUE(GetMany(cache, {}).empty());
  EXPECT_TRUE(cache.SetMany(Entries{}).ok());
  EXPECT_TRUE(cache.InvalidateMany(Keys({})).ok());
}

TEST(BatchTest, InvalidateManyRemovesTheGivenKeysOnly) {
  MapCache cache;
  ASSERT_TRUE(cache
                  .SetMany(Entries{
                      {IntKey("a"), 1}, {IntKey("b"), 2}, {IntKey("c"), 3}})
                  .ok());
  ASSERT_TRUE(cache.InvalidateMany(Keys({"a", "none", "c"})).ok());
  EXPECT_EQ(GetMany(cache, Keys({"a", "b", "c"})),
            (Texts{"miss", "2", "miss"}));
}

TEST(BatchTest, SettingAKeyTwiceStoresTheLastValue) {
  MapCache cache;
  ASSERT_TRUE(cache.SetMany(Entries{{IntKey("a"), 1}, {IntKey("a"), 2}}).ok());
  EXPECT_EQ(GetMany(cache, Keys({"a"})), Texts{"2"});
}

TEST(BatchTest, AFailureAffectsOnlyItsOwnKey) {
  MapCache cache;
  ASSERT_TRUE(cache.SetMany(Entries{{IntKey("a"), 1}, {IntKey("b"), 2}}).ok());
  ASSERT_TRUE(cache.SetByStr<std::string>("junk", "x").ok());
  cache.set_hook(FailingFor("a"));
  EXPECT_EQ(GetMany(cache, Keys({"a", "b", "junk", "none"})),
            (Texts{"busy", "2", "corrupt", "miss"}));
}

TEST(BatchTest, AWriteReturnsTheFirstErrorAndDoesTheRest) {
  MapCache cache;
  cache.set_hook([](Operation, std::string_view path) {
    if (path.ends_with("b")) return Status(ErrorCode::kBusy, "b");
    if (path.ends_with("c")) return Status(ErrorCode::kFull, "c");
    return Status();
  });
  EXPECT_TRUE(cache
                  .SetMany(Entries{{IntKey("a"), 1},
                                   {IntKey("b"), 2},
                                   {IntKey("c"), 3},
                                   {IntKey("d"), 4}})
                  .Is(ErrorCode::kBusy));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_TRUE(
      cache.InvalidateMany(Keys({"a", "c", "b", "d"})).Is(ErrorCode::kFull));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(BatchTest, ABackendThatThrowsFailsTheWholeBatch) {
  MapCache cache;
  cache.set_hook([](Operation, std::string_view path) -> Status {
    if (path.ends_with("b")) throw std::runtime_error("bug");
    return Status();
  });
  EXPECT_EQ(GetMany(cache, Keys({"a", "b"})), (Texts{"internal", "internal"}));
  EXPECT_TRUE(cache.SetMany(Entries{{IntKey("a"), 1}, {IntKey("b"), 2}})
                  .Is(ErrorCode::kInternal));
  EXPECT_TRUE(cache.InvalidateMany(Keys({"a", "b"})).Is(ErrorCode::kInternal));
}

struct ThrowingSerialiser {
  static std::string Serialise(int value) { return std::to_string(value); }
  static std::optional<int> Deserialise(const Bytes& bytes) {
    if (bytes.view() == "13") throw std::domain_error("unlucky");
    return Serialiser<int>::Deserialise(bytes);
  }
};
struct UnluckyKey {
  using value_type = int;
  using serialiser = ThrowingSerialiser;
  std::string name;
  void AppendTo(KeyPath& path) const { path.Segment(name); }
};

TEST(BatchTest, ASerialiserThatThrowsAffectsOnlyItsOwnKey) {
  MapCache cache;
  ASSERT_TRUE(cache.SetMany(Entries{{IntKey("a"), 13}, {IntKey("b"), 2}}).ok());
  const std::vector<UnluckyKey> keys = {{"a"}, {"b"}};
  const auto found = cache.GetMany(keys);
  ASSERT_TRUE(found[0].has_error());
  EXPECT_EQ(found[0].error().code, ErrorCode::kInternal);
  EXPECT_EQ(found[1].value_or(0), 2);
}

struct NamespacedKey {
  using value_type = int;
  std::string space;
  std::string name;
  void AppendTo(KeyPath& path) const { path.Segment(name); }
  Key<std::string> namespace_key() const { return Key<std::string>(space); }
};

TEST(BatchTest, NamespacesAreResolvedPerKey) {
  CapturedLog log;
  MapCache cache(log.options());
  ASSERT_TRUE(cache.SetByStr<std::string>("there", "v1").ok());
  const std::vector<NamespacedKey> keys = {
      {"absent", "a"}, {"there", "a"}, {"there", "b"}};
  const std::vector<std::pair<NamespacedKey, int>> entries = {
      {keys[0], 1}, {keys[1], 2}, {keys[2], 3}};
  EXPECT_TRUE(cache.SetMany(entries).ok());
  EXPECT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(cache.StoredAt("pyappcache/v1/a"), "2");
  EXPECT_EQ(cache.StoredAt("pyappcache/v1/b"), "3");

  const auto found = cache.GetMany(keys);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_FALSE(found[0].is_hit() || found[0].has_error());
  EXPECT_EQ(found[1].value_or(0), 2);
  EXPECT_EQ(found[2].value_or(0), 3);

  EXPECT_TRUE(cache.InvalidateMany(keys).ok());
  EXPECT_EQ(log.lines().size(), 2u);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(BatchTest, ANamespaceThatFailsAffectsOnlyItsKeys) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr<std::string>("there", "v1").ok());
  cache.set_hook(FailingFor("broken"));
  const std::vector<NamespacedKey> keys = {{"broken", "a"}, {"there", "a"}};
  const std::vector<std::pair<NamespacedKey, int>> entries = {{keys[0], 1},
                                                              {keys[1], 2}};
  EXPECT_TRUE(cache.SetMany(entries).Is(ErrorCode::kBusy));
  const auto found = cache.GetMany(keys);
  EXPECT_EQ(found[0].error().code, ErrorCode::kBusy);
  EXPECT_EQ(found[1].value_or(0), 2);
  EXPECT_TRUE(cache.InvalidateMany(keys).Is(ErrorCode::kBusy));
  EXPECT_FALSE(cache.GetByStr<int>("v1/a"));
}

TEST(BatchTest, SetManyCompressesAsEachKeyRequests) {
  struct CompressedKey {
    using value_type = std::string;
    int id;
    void AppendTo(KeyPath& path) const { path.Segment(id); }
    bool should_compress(const std::string& value, std::string_view) const {
      return value.size() > 3;
    }
  };
  MapCache cache;
  const std::vector<std::pair<CompressedKey, std::string>> entries = {
      {{1}, "abc"}, {{2}, "abcd"}, {{3}, ""}};
  ASSERT_TRUE(cache.SetMany(entries).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/1"), "abc");
  EXPECT_TRUE(cache.StoredAt("pyappcache/2").starts_with("\x1f\x8b"));
  EXPECT_EQ(cache.StoredAt("pyappcache/3"), "");
  const std::vector<CompressedKey> keys = {{1}, {2}, {3}};
  const auto found = cache.GetMany(keys);
  EXPECT_EQ(*found[0], "abc");
  EXPECT_EQ(*found[1], "abcd");
  EXPECT_EQ(*found[2], "");
}

// Counts the calls of its batch operations.
class BatchBackend final : public MapBackend {
 public:
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override {
    ++batches;
    if (short_answers) return {};
    return MapBackend::GetManyRaw(paths);
  }
  Status SetManyRaw(std::span<const RawEntry> entries) override {
    ++batches;
    last_ttl = entries.empty() ? kNoTtl : entries.back().ttl;
    return MapBackend::SetManyRaw(entries);
  }
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override {
    ++batches;
    return MapBackend::InvalidateManyRaw(paths);
  }

  int batches = 0;
  Ttl last_ttl = kNoTtl;
  bool short_answers = false;
};

TEST(BatchTest, EachCallIsOneBatchOfTheBackend) {
  const auto backend = std::make_shared<BatchBackend>();
  MapCache cache(backend);
  ASSERT_TRUE(cache
                  .SetMany(Entries{{IntKey("a"), 1}, {IntKey("b"), 2}},
                           std::chrono::seconds(3))
                  .ok());
  EXPECT_EQ(backend->batches, 1);
  EXPECT_EQ(backend->last_ttl, std::chrono::seconds(3));
  EXPECT_EQ(GetMany(cache, Keys({"a", "none", "b"})),
            (Texts{"1", "miss", "2"}));
  EXPECT_EQ(backend->batches, 2);
  ASSERT_TRUE(cache.InvalidateMany(Keys({"a", "b"})).ok());
  EXPECT_EQ(backend->batches, 3);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(BatchTest, TooFewResultsOfABackendAreAnErrorForEachKey) {
  const auto backend = std::make_shared<BatchBackend>();
  backend->short_answers = true;
  MapCache cache(backend);
  EXPECT_EQ(GetMany(cache, Keys({"a", "b"})), (Texts{"internal", "internal"}));
}

}  // namespace
}  // namespace appcache::batch_test
