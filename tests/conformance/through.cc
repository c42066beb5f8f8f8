// Read-through and write-through: GetVia and SetVia.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

const Key<std::string> kPage("page", 7);

TEST_P(ConformanceTest, GetViaLoadsOnceAndStores) {
  int loads = 0;
  const auto load = [&] { return "load " + std::to_string(++loads); };
  EXPECT_EQ(cache_->GetVia(kPage, load), "load 1");
  EXPECT_EQ(cache_->GetVia(kPage, load), "load 1");
  EXPECT_EQ(StoredAt("pyappcache/page/7"), "load 1");
  ASSERT_TRUE(cache_->Invalidate(kPage).ok());
  EXPECT_EQ(cache_->GetVia(kPage, load), "load 2");
}

TEST_P(ConformanceTest, GetViaStoresWithTheTtlOfItsOptions) {
  LoadOptions options;
  options.ttl = Units(2);
  EXPECT_EQ(cache_->GetVia(
                kPage, [] { return "a"; }, options),
            "a");
  PassTime(1);
  EXPECT_EQ(cache_->GetVia(
                kPage, [] { return "b"; }, options),
            "a");
  PassTime(1);
  EXPECT_EQ(cache_->GetVia(
                kPage, [] { return "b"; }, options),
            "b");
}

TEST_P(ConformanceTest, ALoaderThatThrowsStoresNothing) {
  const auto fail = []() -> std::string { throw std::runtime_error("away"); };
  EXPECT_THROW(cache_->GetVia(kPage, fail), std::runtime_error);
  EXPECT_EQ(StoredAt("pyappcache/page/7"), "<miss>");
}

TEST_P(ConformanceTest, SetViaCallsTheWriterFirst) {
  std::string before;
  ASSERT_TRUE(cache_->Set(kPage, "old").ok());
  ASSERT_TRUE(cache_
                  ->SetVia(kPage, "new",
                           [&](const std::string& value) {
                             EXPECT_EQ(value, "new");
                             before = StoredAt("pyappcache/page/7");
                           })
                  .ok());
  EXPECT_EQ(before, "old");
  EXPECT_EQ(cache_->Get(kPage).value_or("<miss>"), "new");
}

TEST_P(ConformanceTest, AWriterThatThrowsLeavesTheCacheUnchanged) {
  ASSERT_TRUE(cache_->Set(kPage, "old").ok());
  const auto fail = [](const std::string&) { throw std::runtime_error("no"); };
  EXPECT_THROW((void)cache_->SetVia(kPage, "new", fail), std::runtime_error);
  EXPECT_EQ(cache_->Get(kPage).value_or("<miss>"), "old");
}

}  // namespace
}  // namespace appcache
