// What pyappcache and this library share on a server: every kind of value under
// every kind of key, on every kind of server, in both directions.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "tests/interop/cells.h"
#include "tests/interop/shared_server.h"

namespace appcache {
namespace {

using std::chrono::seconds;
using Cell = std::tuple<ServerType, KeyKind, ValueKind>;

class InteropTest : public testing::TestWithParam<Cell> {
 protected:
  InteropTest() { EXPECT_TRUE(cache().Clear().ok()); }

  const KeyKind& key() const { return std::get<1>(GetParam()); }
  const ValueKind& value() const { return std::get<2>(GetParam()); }
  SharedServer& server() { return SharedServer::Of(std::get<0>(GetParam())); }
  Cache& cache() { return server().cache(); }
  bool is_shared() const {
    return std::get<0>(GetParam()) == ServerType::kRedis ||
           key().is_shared_on_memcached;
  }

  Status Set(Ttl ttl = kNoTtl) {
    return value().set(cache(), key().segments, ttl);
  }
  std::string Get() { return value().get(cache(), key().segments); }
  std::string GetVia() { return value().get_via(cache(), key().segments); }
  Status Invalidate() { return value().invalidate(cache(), key().segments); }

  // The reply of Python.
  std::string Python(const std::string& action, int ttl = 0) {
    return server().Ask({{"do", action},
                         {"key", key().segments},
                         {"as", value().serialiser},
                         {"value", value().literal},
                         {"compress", value().is_compressed},
                         {"ttl", ttl}});
  }
};

TEST_P(InteropTest, PythonReadsWhatThisLibraryWrites) {
  ASSERT_TRUE(Set().ok());
  EXPECT_EQ(Get(), "same");
  if (!is_shared()) {
    EXPECT_NE(Python("get"), "same");
    return;
  }
  EXPECT_EQ(Python("get"), "same");
  EXPECT_EQ(Python("get via"), "same");
  ASSERT_TRUE(Invalidate().ok());
  EXPECT_EQ(Python("get"), "miss");
  EXPECT_EQ(Python("get via"), "loaded");
  EXPECT_EQ(Get(), "same");
}

TEST_P(InteropTest, ThisLibraryReadsWhatPythonWrites) {
  const std::string set = Python("set");
  if (!is_shared()) {
    EXPECT_EQ(Get(), "miss");
    return;
  }
  ASSERT_EQ(set, "done");
  EXPECT_EQ(Get(), "same");
  EXPECT_EQ(GetVia(), "same");
  EXPECT_EQ(Python("invalidate"), "done");
  EXPECT_EQ(Get(), "miss");
  EXPECT_EQ(GetVia(), "loaded");
  EXPECT_EQ(Python("get"), "same");
}

TEST_P(InteropTest, EntryExpiresForBoth) {
  if (!is_shared()) return;
  ASSERT_TRUE(Set(seconds(100)).ok());
  EXPECT_EQ(Python("get"), "same");
  server().PassTime(seconds(102));
  EXPECT_EQ(Python("get"), "miss");
  EXPECT_EQ(Python("set", 100), "done");
  EXPECT_EQ(Get(), "same");
  server().PassTime(seconds(102));
  EXPECT_EQ(Get(), "miss");
}

INSTANTIATE_TEST_SUITE_P(
    All, InteropTest,
    testing::Combine(testing::Values(ServerType::kRedis, ServerType::kMemcached,
                                     ServerType::kThreeMemcached),
                     testing::ValuesIn(AllKeyKinds()),
                     testing::ValuesIn(AllValueKinds())),
    [](const testing::TestParamInfo<Cell>& cell) {
      return NameOf(std::get<0>(cell.param)) + "_" +
             std::get<1>(cell.param).name + "_" + std::get<2>(cell.param).name;
    });

}  // namespace
}  // namespace appcache
