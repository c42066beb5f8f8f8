// Keys and values of every size and kind, up to the limits of the traits and
// one byte beyond.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kMebibyte = size_t{1} << 20;

// Two keys of the same size differ only in their last byte, which a backend
// that truncates keys would lose.
std::string KeyOf(size_t size, char last) {
  std::string key(size, 'k');
  if (size > 0) key.back() = last;
  return key;
}

TEST_P(ConformanceTest, KeysOfAllSizesUpToTheLimitWork) {
  const uint64_t limit = cache_->Traits().max_key_bytes;
  for (const size_t size : {0, 1, 250, 251, 511, 512, 70'000}) {
    const std::string key = KeyOf(size, 'a');
    if (size > limit) {
      EXPECT_TRUE(
          backend().SetRaw(key, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
      continue;
    }
    const std::string value = "value of " + std::to_string(size);
    const Status stored = backend().SetRaw(key, value, Units(2));
    ASSERT_TRUE(stored.ok()) << size << ": " << stored.ToString();
    EXPECT_EQ(StoredAt(key), value);
    if (size > 0) {
      EXPECT_EQ(StoredAt(KeyOf(size, 'b')), "<miss>") << size;
    }
    const std::string_view view = key;
    EXPECT_EQ(ValueOf(backend().GetManyRaw({&view, 1})[0]), value);
    ASSERT_TRUE(backend().InvalidateRaw(key).ok());
    EXPECT_EQ(StoredAt(key), "<miss>");
  }
}

TEST_P(ConformanceTest, AKeyOverTheLimitIsInvalid) {
  const uint64_t limit = cache_->Traits().max_key_bytes;
  if (limit > 64 * kMebibyte) return;  // out of reach of a test
  const std::string longest = KeyOf(limit, 'a');
  const std::string too_long = KeyOf(limit + 1, 'a');
  const Status stored = backend().SetRaw(longest, "v", kNoTtl);
  EXPECT_TRUE(stored.ok()) << stored.ToString();
  EXPECT_EQ(StoredAt(longest), "v");
  const auto is_invalid = [](const Status& status) {
    return status.Is(ErrorCode::kInvalidKey);
  };
  EXPECT_TRUE(is_invalid(backend().SetRaw(too_long, "v", kNoTtl)));
  EXPECT_TRUE(is_invalid(backend().GetRaw(too_long).status()));
  EXPECT_TRUE(is_invalid(backend().InvalidateRaw(too_long)));
  const std::string_view view = too_long;
  EXPECT_TRUE(is_invalid(backend().GetManyRaw({&view, 1})[0].status()));
}

TEST_P(ConformanceTest, KeysOfAnyCharactersAreDistinct) {
  const std::vector<std::string_view> keys = {
      "p/a"sv,    "p/a\0"sv,    "p/a\0b"sv, "p/a b"sv,
      "p/a\nb"sv, "p/a\r\nb"sv, "p/a\tb"sv, "p/ä"sv,
      "p/日本"sv, "p/\x7f"sv,   "p/\xff"sv, "p/\x1f\x8b"sv};
  // In a protocol of lines, the second line would be a command of its own.
  const std::string injection = "p/a\r\nset p/other 0 0 3\r\nabc";
  for (const std::string_view key : keys) {
    ASSERT_TRUE(backend().SetRaw(key, key, kNoTtl).ok());
  }
  ASSERT_TRUE(backend().SetRaw(injection, "harmless", kNoTtl).ok());
  for (const std::string_view key : keys) EXPECT_EQ(StoredAt(key), key);
  EXPECT_EQ(StoredAt(injection), "harmless");
  EXPECT_EQ(StoredAt("p/other"), "<miss>");
}

// All pieces differ, so that a lost or repeated piece changes the value.
std::string MakeValue(size_t size) {
  constexpr size_t kPiece = 4096;
  std::string value;
  value.reserve(size + kPiece);
  while (value.size() < size) {
    const std::string number = std::to_string(value.size());
    value.append(number).append(kPiece - number.size(), '.');
  }
  value.resize(size);
  return value;
}

// Compared as a whole: a difference is not worth printing megabytes.
void ExpectRoundTrip(Backend& backend, std::string_view path, size_t size) {
  const std::string value = MakeValue(size);
  const Status stored = backend.SetRaw(path, value, kNoTtl);
  const Lookup<Bytes> found = backend.GetRaw(path);
  if (size <= backend.Traits().max_value_bytes) {
    EXPECT_TRUE(stored.ok()) << size << ": " << stored.ToString();
    ASSERT_TRUE(found.is_hit()) << size << ": " << found.status().ToString();
    EXPECT_TRUE(found->view() == value) << size;
  } else {
    EXPECT_TRUE(stored.Is(ErrorCode::kTooLarge)) << stored.ToString();
    EXPECT_FALSE(found.is_hit() || found.has_error()) << size;
  }
}

TEST_P(ConformanceTest, ValuesOfAllSizesUpToTheLimitWork) {
  for (const size_t size :
       {size_t{0}, size_t{1}, kMebibyte - 1, kMebibyte, kMebibyte + 1}) {
    ExpectRoundTrip(backend(), "p/value", size);
  }
}

TEST_P(ConformanceTest, AValueOf64MebibytesWorksOrIsTooLarge) {
  ExpectRoundTrip(backend(), "p/value", 64 * kMebibyte);
}

// Some limits are out of reach of a test.
TEST_P(ConformanceTest, AValueOverTheLimitIsTooLargeAndRemovesTheEntry) {
  const uint64_t limit = cache_->Traits().max_value_bytes;
  if (limit > 256 * kMebibyte) return;
  ExpectRoundTrip(backend(), "p", limit);
  ASSERT_TRUE(backend().SetRaw("p", "old", kNoTtl).ok());
  ExpectRoundTrip(backend(), "p", limit + 1);
}

TEST_P(ConformanceTest, ABatchStoresAllButTheValuesThatAreTooLarge) {
  const uint64_t limit = cache_->Traits().max_value_bytes;
  if (limit > 64 * kMebibyte) return;
  const std::string large(limit + 1, 'x');
  ASSERT_TRUE(backend().SetRaw("p/large", "old", kNoTtl).ok());
  const std::vector<RawEntry> entries = {{"p/before", "1", kNoTtl},
                                         {"p/large", large, kNoTtl},
                                         {"p/after", "2", kNoTtl}};
  EXPECT_TRUE(backend().SetManyRaw(entries).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(StoredAt("p/before"), "1");
  EXPECT_EQ(StoredAt("p/large"), "<miss>");
  EXPECT_EQ(StoredAt("p/after"), "2");
}

}  // namespace
}  // namespace appcache
