// A tier in a forked child.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/in_child.h"
#include "tests/tiered/tier_fixture.h"

namespace appcache::fork_test {
namespace {

class TierForkTest : public TierFixture {};

TEST_F(TierForkTest, AForkedChildCannotUseTheTier) {
  Open();
  EXPECT_EQ(InChild([&]() -> std::string {
              if (Get(kPath) != "error:unavailable") return Get(kPath);
              if (raw().SetRaw(kPath, "v", kNoTtl).ok()) return "set";
              if (raw().InvalidateRaw(kPath).ok()) return "invalidated";
              if (raw().ClearRaw().ok()) return "cleared";
              if (raw().TtlRaw(kPath).is_hit()) return "ttl";
              if (tier_->coherent()) return "coherent";
              tier_.reset();
              if (remote_->is_watched()) return "watched";
              if (remote_->is_abandoned()) return "abandoned the remote";
              return "";
            }),
            "");
}

// Each Cache on the tier calls AbandonInChild.
TEST_F(TierForkTest, AForkedChildMayDestroyTwoCachesOnOneTier) {
  Open();
  std::optional<Cache> second(tier_->backend());
  EXPECT_EQ(InChild([&]() -> std::string {
              tier_.reset();
              if (remote_->is_watched()) return "watched";
              const Lookup<std::string> found =
                  second->Get(Key<std::string>("k"));
              if (!found.status().Is(ErrorCode::kUnavailable)) return "usable";
              second.reset();
              return "";
            }),
            "");
  // The parent's link is as it was.
  EXPECT_TRUE(tier_->coherent());
}

}  // namespace
}  // namespace appcache::fork_test
