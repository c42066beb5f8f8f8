// Namespaces that pyappcache and this library share: the value of a namespace
// is the same segment for both.

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "appcache/json_serialiser.h"
#include "appcache/pickle_serialiser.h"
#include "tests/interop/shared_server.h"

namespace appcache {
namespace {

using Json = nlohmann::json;

template <class V, class S>
struct SpaceKey {
  using value_type = V;
  using serialiser = S;
  void AppendTo(KeyPath& path) const { path.Segment("current version"); }
};

template <class V, class S>
struct ItemKey {
  using value_type = std::string;
  using serialiser = PickleSerialiser<std::string>;
  void AppendTo(KeyPath& path) const { path.Segment("an item"); }
  SpaceKey<V, S> namespace_key() const { return {}; }
};

class InteropNamespaceTest : public testing::TestWithParam<ServerType> {
 protected:
  InteropNamespaceTest() { EXPECT_TRUE(cache().Clear().ok()); }

  Cache& cache() { return server().cache(); }
  SharedServer& server() { return SharedServer::Of(GetParam()); }

  Json Space(const std::string& serialiser, const std::string& literal) {
    return {{"do", "set"},
            {"key", {"current version"}},
            {"as", serialiser},
            {"value", literal}};
  }
  std::string Item(const std::string& action, const Json& space,
                   const std::string& literal, bool is_none = false) {
    Json under = space;
    under["is_none"] = is_none;
    return server().Ask({{"do", action},
                         {"key", {"an item"}},
                         {"as", "pickle"},
                         {"value", literal},
                         {"under", under}});
  }

  // `value` is a value of the namespace, `literal` the same in Python, and
  // `other` another value in Python.
  template <class V, class S>
  void ExpectShared(const std::string& serialiser, const V& value,
                    const std::string& literal, const std::string& other) {
    SCOPED_TRACE(serialiser + " " + literal);
    const ItemKey<V, S> item;
    const Json space = Space(serialiser, literal);
    ASSERT_TRUE(cache().Clear().ok());
    // This library makes the namespace and the entry.
    ASSERT_TRUE(cache().Set(SpaceKey<V, S>(), value).ok());
    ASSERT_TRUE(cache().Set(item, "of C++").ok());
    const bool is_none = literal == "None";
    EXPECT_EQ(Item("get", space, "'of C++'", is_none), "same");
    EXPECT_EQ(Item("invalidate", space, "''", is_none), "done");
    EXPECT_FALSE(cache().Get(item).is_hit());
    EXPECT_EQ(Item("set", space, "'of Python'", is_none), "done");
    EXPECT_EQ(*cache().Get(item), "of Python");
    // Python changes the value of the namespace, and the entry is gone.
    EXPECT_EQ(server().Ask(Space(serialiser, other)), "done");
    const Lookup<std::string> gone = cache().Get(item);
    EXPECT_FALSE(gone.is_hit());
    EXPECT_FALSE(gone.has_error()) << gone.status().ToString();
    EXPECT_EQ(Item("set", Space(serialiser, other), "'next'"), "done");
    EXPECT_EQ(*cache().Get(item), "next");
    // This library changes it back, and Python finds the first entry.
    ASSERT_TRUE(cache().Set(SpaceKey<V, S>(), value).ok());
    EXPECT_EQ(Item("get", space, "'of Python'", is_none), "same");
  }
};

TEST_P(InteropNamespaceTest, PickledValueIsTheSameSegment) {
  ExpectShared<std::string, PickleSerialiser<std::string>>("pickle", "v1",
                                                           "'v1'", "'v 2'");
  ExpectShared<int64_t, PickleSerialiser<int64_t>>("pickle", 12, "12", "-13");
  ExpectShared<bool, PickleSerialiser<bool>>("pickle", true, "True", "False");
  ExpectShared<double, PickleSerialiser<double>>("pickle", 1e20, "1e20", "0.1");
  using Maybe = std::optional<int>;
  ExpectShared<Maybe, PickleSerialiser<Maybe>>("pickle", std::nullopt, "None",
                                               "5");
}

TEST_P(InteropNamespaceTest, ValueInJsonIsTheSameSegment) {
  ExpectShared<std::string, JsonSerialiser<std::string, Json>>(
      "json", "v 1", "'v 1'", "'gr\u00fc\u00dfe'");
  ExpectShared<int, JsonSerialiser<int, Json>>("json text", 12, "12", "13");
}

TEST_P(InteropNamespaceTest, TextIsTheSameSegment) {
  ExpectShared<std::string, Serialiser<std::string>>("text", "v1", "'v1'",
                                                     "'with a blank'");
}

INSTANTIATE_TEST_SUITE_P(All, InteropNamespaceTest,
                         testing::Values(ServerType::kRedis,
                                         ServerType::kMemcached,
                                         ServerType::kThreeMemcached),
                         [](const testing::TestParamInfo<ServerType>& type) {
                           return NameOf(type.param);
                         });

}  // namespace
}  // namespace appcache
