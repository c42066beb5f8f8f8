// WalkRaw, where Traits().supports_walk.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

using namespace std::string_view_literals;

struct Walked {
  std::string value;
  uint64_t value_bytes = 0;
  std::optional<TimePoint> expires_at;
  int visits = 0;
};

using Entries = std::map<std::string, Walked>;

Entries Walk(Backend& backend, std::string_view prefix, bool with_values) {
  Entries entries;
  const Status status =
      backend.WalkRaw({prefix, with_values}, [&](const WalkedEntry& entry) {
        Walked& walked = entries[std::string(entry.path)];
        walked.value = entry.value;
        walked.value_bytes = entry.value_bytes;
        walked.expires_at = entry.expires_at;
        ++walked.visits;
        return true;
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return entries;
}

std::vector<std::string> PathsOf(const Entries& entries) {
  std::vector<std::string> paths;
  for (const auto& [path, walked] : entries) paths.push_back(path);
  return paths;
}

TEST_P(ConformanceTest, WithoutSupportAWalkIsUnsupported) {
  if (cache_->Traits().supports_walk) return;
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  const Status status = backend().WalkRaw({}, [](const WalkedEntry&) {
    ADD_FAILURE() << "visited";
    return true;
  });
  EXPECT_TRUE(status.Is(ErrorCode::kUnsupported));
}

TEST_P(ConformanceTest, AWalkVisitsEveryEntryWithItsValueOnce) {
  if (!cache_->Traits().supports_walk) return;
  const std::map<std::string, std::string> stored = {
      {"", "of the empty path"},
      {"p/a", ""},
      {"p/b", std::string("\0\xff\r\n", 4)},
      {std::string("p\0\xff", 3), "binary"},
      {"p/" + std::string(600, 'x'), "of a long path"},
      {"large", std::string(100'000, 'l')}};
  for (const auto& [path, value] : stored) {
    ASSERT_TRUE(backend().SetRaw(path, value, kNoTtl).ok());
  }
  for (const bool with_values : {false, true}) {
    const Entries walked = Walk(backend(), "", with_values);
    ASSERT_EQ(walked.size(), stored.size());
    for (const auto& [path, value] : stored) {
      ASSERT_TRUE(walked.contains(path)) << path;
      const Walked& entry = walked.at(path);
      EXPECT_EQ(entry.visits, 1);
      EXPECT_EQ(entry.value, with_values ? value : "");
      EXPECT_EQ(entry.value_bytes, value.size());
      EXPECT_EQ(entry.expires_at, std::nullopt);
    }
  }
}

// Wildcards and delimiters have no special meaning.
TEST_P(ConformanceTest, AWalkComparesThePrefixByteByByte) {
  if (!cache_->Traits().supports_walk) return;
  const std::vector<std::string_view> paths = {
      "p"sv,    "p/"sv,   "p/a"sv,  "pa"sv,        "p*"sv,   "p*/a"sv, "p?x"sv,
      "p[a]"sv, "p\\a"sv, "p\0a"sv, "p\xff\xff"sv, "q/p/"sv, "\xff"sv, ""sv};
  for (const std::string_view path : paths) {
    ASSERT_TRUE(backend().SetRaw(path, "v", kNoTtl).ok());
  }
  for (const std::string_view prefix :
       {"p/"sv, "p*"sv, "p?"sv, "p[a]"sv, "p\\"sv, "p\0"sv, "p\xff"sv, "p"sv,
        "none"sv, "\xff"sv, ""sv}) {
    std::map<std::string, Walked> expected;
    for (const std::string_view path : paths) {
      if (path.starts_with(prefix)) expected[std::string(path)];
    }
    for (const bool with_values : {false, true}) {
      EXPECT_EQ(PathsOf(Walk(backend(), prefix, with_values)),
                PathsOf(expected))
          << testing::PrintToString(std::string(prefix));
    }
  }
}

TEST_P(ConformanceTest, AWalkGoesOverManyEntriesInSteps) {
  if (!cache_->Traits().supports_walk) return;
  constexpr int kEntries = 5'000;
  for (int i = 0; i < kEntries; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_TRUE(backend().SetRaw("p/" + number, number, kNoTtl).ok());
  }
  const Entries walked = Walk(backend(), "p/", /*with_values=*/true);
  ASSERT_EQ(walked.size(), static_cast<size_t>(kEntries));
  for (const auto& [path, entry] : walked) {
    EXPECT_EQ("p/" + entry.value, path);
  }
}

TEST_P(ConformanceTest, AWalkReadsValuesThatAreLargeTogether) {
  if (!cache_->Traits().supports_walk) return;
  const std::string value(200'000, 'v');
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(backend().SetRaw("p/" + std::to_string(i), value, kNoTtl).ok());
  }
  const Entries walked = Walk(backend(), "", /*with_values=*/true);
  EXPECT_EQ(walked.size(), 12u);
  for (const auto& [path, entry] : walked) EXPECT_EQ(entry.value, value);
}

TEST_P(ConformanceTest, AWalkLeavesOutExpiredEntriesAndKnowsTheOthersExpiry) {
  if (!cache_->Traits().supports_walk) return;
  ASSERT_TRUE(backend().SetRaw("p/expired", "v", Units(1)).ok());
  ASSERT_TRUE(backend().SetRaw("p/expires", "v", Units(10)).ok());
  ASSERT_TRUE(backend().SetRaw("p/stays", "v", kNoTtl).ok());
  PassTime(1);
  for (const bool with_values : {false, true}) {
    const Entries walked = Walk(backend(), "", with_values);
    EXPECT_EQ(PathsOf(walked),
              (std::vector<std::string>{"p/expires", "p/stays"}));
    EXPECT_TRUE(walked.at("p/expires").expires_at.has_value());
    EXPECT_FALSE(walked.at("p/stays").expires_at.has_value());
    if (GetParam().pass_time != nullptr) continue;  // a clock of its own
    EXPECT_EQ(*walked.at("p/expires").expires_at, clock_->Now() + Units(9));
  }
}

TEST_P(ConformanceTest, AWalkEndsWhenTheVisitorHasEnough) {
  if (!cache_->Traits().supports_walk) return;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(backend().SetRaw("p/" + std::to_string(i), "v", kNoTtl).ok());
  }
  for (const bool with_values : {false, true}) {
    int visits = 0;
    EXPECT_TRUE(backend()
                    .WalkRaw({"", with_values},
                             [&](const WalkedEntry&) { return ++visits < 3; })
                    .ok());
    EXPECT_EQ(visits, 3);
  }
}

TEST_P(ConformanceTest, AVisitorOfAWalkMayReadAndWrite) {
  if (!cache_->Traits().supports_walk) return;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(backend().SetRaw("p/" + std::to_string(i), "v", kNoTtl).ok());
  }
  int visits = 0;
  const Status status =
      backend().WalkRaw({"p/"}, [&](const WalkedEntry& entry) {
        ++visits;
        EXPECT_EQ(StoredAt(entry.path), "v");
        EXPECT_TRUE(
            backend().SetRaw("q/" + std::string(entry.path), "w", kNoTtl).ok());
        EXPECT_TRUE(backend().InvalidateRaw(entry.path).ok());
        return true;
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(visits, 100);
  EXPECT_TRUE(Walk(backend(), "p/", false).empty());
  EXPECT_EQ(Walk(backend(), "q/", false).size(), 100u);
}

}  // namespace
}  // namespace appcache
