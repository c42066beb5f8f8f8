// Backends that implement only the four required functions, and the lifetime of
// backends and the caches above them.

#include "appcache/backend.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/watch.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::backend_test {
namespace {

// Implements the four required functions. Calls `before` in each of them.
class SmallBackend final : public Backend {
 public:
  explicit SmallBackend(std::function<void()> before = [] {})
      : before_(std::move(before)) {}

  Lookup<Bytes> GetRaw(std::string_view path) override {
    before_();
    const auto found = entries_.find(path);
    return found == entries_.end() ? Lookup<Bytes>::Miss()
                                   : Lookup<Bytes>::Hit(found->second);
  }
  Status SetRaw(std::string_view path, std::string_view value, Ttl) override {
    before_();
    entries_.insert_or_assign(std::string(path), Bytes::Copy(value));
    return Status();
  }
  Status InvalidateRaw(std::string_view path) override {
    before_();
    const auto found = entries_.find(path);
    if (found != entries_.end()) entries_.erase(found);
    return Status();
  }
  Status ClearRaw() override {
    before_();
    entries_.clear();
    return Status();
  }

 private:
  const std::function<void()> before_;
  std::map<std::string, Bytes, std::less<>> entries_;
};

bool IsUnsupported(const Status& status, std::string_view what) {
  return status.Is(ErrorCode::kUnsupported) &&
         status.message().find(what) != std::string::npos;
}

// --- The defaults.

TEST(BackendTest, OptionalOperationsAreUnsupportedByDefault) {
  class Listener final : public WatchListener {
    void OnLinked(WatchMode) noexcept override {}
    void OnChanged(std::span<const std::string_view>) noexcept override {}
    void OnAllChanged() noexcept override {}
    void OnHeartbeat(TimePoint) noexcept override {}
    void OnLost(const Status&) noexcept override {}
  };
  SmallBackend backend;
  Listener listener;
  const std::array<std::string_view, 2> paths = {"a", "b"};
  EXPECT_TRUE(IsUnsupported(backend.GetTimedRaw("a").status(), "ttl queries"));
  EXPECT_TRUE(IsUnsupported(backend.TtlRaw("a").status(), "ttl queries"));
  const auto timed = backend.GetManyTimedRaw(paths);
  ASSERT_EQ(timed.size(), 2u);
  EXPECT_TRUE(IsUnsupported(timed[1].status(), "ttl queries"));
  EXPECT_TRUE(IsUnsupported(backend.AddRaw("a", "v", kNoTtl).status(),
                            "add-if-absent"));
  EXPECT_TRUE(IsUnsupported(backend.InvalidatePrefixRaw(""), "by prefix"));
  EXPECT_TRUE(IsUnsupported(
      backend.WalkRaw({}, [](const WalkedEntry&) { return true; }),
      "listing its entries"));
  EXPECT_TRUE(
      IsUnsupported(backend.WatchRaw({}, listener).status(), "watching"));
}

TEST(BackendTest, ANewTtlIsASetByDefault) {
  SmallBackend backend;
  ASSERT_TRUE(backend.SetRaw("a", "1", kNoTtl).ok());
  EXPECT_TRUE(*backend.SetTtlRaw("a", Ttl(5)));
  EXPECT_EQ(backend.GetRaw("a")->view(), "1");
  EXPECT_FALSE(*backend.SetTtlRaw("none", Ttl(5)));
  EXPECT_FALSE(backend.GetRaw("none"));
}

TEST(BackendTest, BatchesAreSingleOperationsByDefault) {
  SmallBackend backend;
  const std::array<RawEntry, 2> entries = {
      {{"a", "1", kNoTtl}, {"b", "2", kNoTtl}}};
  ASSERT_TRUE(backend.SetManyRaw(entries).ok());
  const std::array<std::string_view, 3> paths = {"b", "none", "a"};
  const auto found = backend.GetManyRaw(paths);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].value().view(), "2");
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2].value().view(), "1");
  ASSERT_TRUE(backend.InvalidateManyRaw(paths).ok());
  EXPECT_FALSE(backend.GetRaw("a"));
}

TEST(BackendTest, ViewReturnsTheErrorOfGetByDefault) {
  MapBackend backend;
  backend.set_hook(Failing(MapBackend::Operation::kGet,
                           Status(ErrorCode::kUnavailable, "down", 111)));
  const Lookup<size_t> viewed = backend.ViewRaw(
      "a", [](std::string_view) { ADD_FAILURE() << "the visitor is called"; });
  ASSERT_TRUE(viewed.has_error());
  EXPECT_EQ(viewed.error().native_code, 111);
}

TEST(BackendTest, PingIsAGetByDefault) {
  MapBackend backend;
  EXPECT_EQ(backend.Ping().value(), "");
  backend.set_hook(Failing(MapBackend::Operation::kGet,
                           Status(ErrorCode::kUnavailable, "down")));
  EXPECT_TRUE(backend.Ping().status().Is(ErrorCode::kUnavailable));
}

TEST(BackendTest, FourFunctionsServeTheWholeInterface) {
  Cache cache(std::make_shared<SmallBackend>());
  const Key<std::string> key("k");
  ASSERT_TRUE(cache.Set(key, "value").ok());
  EXPECT_EQ(cache.Get(key).value(), "value");
  EXPECT_EQ(cache.GetVia(Key<int>("n"), [] { return 7; }), 7);
  EXPECT_EQ(cache.Stats().loads, 1u);
  EXPECT_EQ(cache.Traits().name, "unknown");
  EXPECT_TRUE(IsUnsupported(cache.TtlOf(key).status(), "ttl queries"));
  EXPECT_TRUE(IsUnsupported(cache.InvalidatePrefix(""), "by prefix"));
  EXPECT_TRUE(cache.Ping().ok());
  ASSERT_TRUE(cache.Clear().ok());
  EXPECT_FALSE(cache.GetByStr<int>("n"));
}

// --- Exceptions.

// The results of every function of Cache that calls the backend.
std::vector<Status> ResultsOfAllFunctions(Cache& cache) {
  const Key<int> key("k");
  std::vector<Status> results = {
      cache.Get(key).status(),
      cache.GetByStr<int>("k").status(),
      cache.Set(key, 1),
      cache.SetByStr("k", 1),
      cache.SetByStr("k", "text"),
      cache.SetVia(key, 1, [](int) {}),
      cache.Invalidate(key),
      cache.InvalidateByStr("k"),
      cache.SetMany({std::pair(key, 1)}),
      cache.InvalidateMany({key}),
      cache.Clear(),
      cache.Ping().status(),
  };
  for (const auto& found : cache.GetMany({key, key})) {
    results.push_back(found.status());
  }
  return results;
}

TEST(BackendTest, AnExceptionOfTheBackendIsInternal) {
  Cache cache(std::make_shared<SmallBackend>(
      [] { throw std::runtime_error("a bug in the backend"); }));
  for (const Status& status : ResultsOfAllFunctions(cache)) {
    EXPECT_TRUE(status.Is(ErrorCode::kInternal)) << status.ToString();
    EXPECT_NE(status.ToString().find("a bug in the backend"),
              std::string::npos);
  }
}

TEST(BackendTest, ABackendThatThrowsBadAllocIsFull) {
  Cache cache(std::make_shared<SmallBackend>([] { throw std::bad_alloc(); }));
  for (const Status& status : ResultsOfAllFunctions(cache)) {
    EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  }
}

TEST(BackendTest, GetViaReturnsTheLoadedValueWhenTheBackendThrows) {
  CapturedLog log;
  Cache cache(std::make_shared<SmallBackend>(
                  [] { throw std::runtime_error("a bug in the backend"); }),
              log.options());
  EXPECT_EQ(cache.GetVia(Key<int>("k"), [] { return 7; }), 7);
  EXPECT_EQ(cache.GetManyVia({Key<int>("k")},
                             [](std::span<const Key<int>> keys) {
                               return std::vector<int>(keys.size(), 8);
                             }),
            std::vector<int>{8});
  EXPECT_EQ(log.lines().size(), 2u);
}

// --- Lifetime.

TEST(BackendTest, TwoCachesMayShareABackend) {
  const auto backend = std::make_shared<SmallBackend>();
  const std::weak_ptr<SmallBackend> weak = backend;
  CacheOptions other_prefix;
  other_prefix.prefix = "other";
  std::optional<Cache> first(std::in_place, backend);
  std::optional<Cache> second(std::in_place, backend, other_prefix);
  const Key<std::string> key("k");
  ASSERT_TRUE(first->Set(key, "first").ok());
  ASSERT_TRUE(second->Set(key, "second").ok());
  EXPECT_EQ(first->backend(), second->backend());
  EXPECT_EQ(first->Get(key).value(), "first");

  first.reset();
  EXPECT_EQ(second->Get(key).value(), "second");
  EXPECT_EQ(backend->GetRaw("pyappcache/k").value().view(), "first");
  ASSERT_TRUE(second->Clear().ok());
  EXPECT_FALSE(backend->GetRaw("pyappcache/k"));
}

TEST(BackendTest, ABackendMayOutliveItsCache) {
  std::optional<Cache> cache(std::in_place, std::make_shared<SmallBackend>());
  ASSERT_TRUE(cache->SetByStr("k", "value").ok());
  const std::shared_ptr<Backend> backend = cache->backend();
  cache.reset();
  EXPECT_EQ(backend->GetRaw("pyappcache/k").value().view(), "value");
}

TEST(BackendTest, TheCacheReleasesItsBackend) {
  auto backend = std::make_shared<SmallBackend>();
  const std::weak_ptr<SmallBackend> weak = backend;
  {
    const Cache cache(std::move(backend));
    EXPECT_FALSE(weak.expired());
  }
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace appcache::backend_test
