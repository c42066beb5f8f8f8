// SqliteCache against a model, by random operations. A run that fails prints
// its seed and the operations that led to the difference; repeat it with
//
//   bazel test //tests/engine:property_test --test_env=APPCACHE_TEST_SEED=...
//
// and run for longer with --test_env=APPCACHE_OPERATIONS=10000000
// --test_timeout=3600.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/engine/property_run.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using Store = PropertyMode::Store;

// Over all modes.
int TotalOperations() {
  const char* const asked = std::getenv("APPCACHE_OPERATIONS");
  return asked != nullptr ? std::stoi(asked) : 30'000;
}

constexpr int kModes = 5;
constexpr int kOperationsPerRun = 500;

class PropertyTest : public testing::TestWithParam<PropertyMode> {};

TEST_P(PropertyTest, CacheDoesAsTheModel) {
  RandomSource random;
  const int runs = TotalOperations() / (kModes * kOperationsPerRun);
  for (int i = 0; i < runs && !HasFailure(); ++i) {
    SCOPED_TRACE("run " + std::to_string(i));
    PropertyRun(GetParam(), random).Run(kOperationsPerRun);
  }
}

std::string Name(const testing::TestParamInfo<PropertyMode>& info) {
  const PropertyMode& mode = info.param;
  const std::string store = mode.store == Store::kMemory ? "InMemory"
                            : mode.store == Store::kFile ? "InAFile"
                                                         : "Borrowed";
  return store + (mode.background ? "WithBackgroundWork" : "");
}

INSTANTIATE_TEST_SUITE_P(Modes, PropertyTest,
                         testing::Values(PropertyMode{Store::kMemory, false},
                                         PropertyMode{Store::kMemory, true},
                                         PropertyMode{Store::kFile, false},
                                         PropertyMode{Store::kFile, true},
                                         PropertyMode{Store::kBorrowed, false}),
                         Name);

}  // namespace
}  // namespace appcache
