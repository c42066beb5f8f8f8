// The argument types that the interface accepts, and the accessors of its
// results.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

using TextKey = Key<std::string>;

struct NumberKey {
  using value_type = int;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("n").Segment(id); }
};

std::vector<int> TenTimes(std::span<const NumberKey> keys) {
  std::vector<int> values;
  for (const NumberKey& key : keys) values.push_back(key.id * 10);
  return values;
}

// --- Ranges.

class RangesTest : public testing::Test {
 protected:
  const std::vector<NumberKey> vector_ = {{1}, {2}};
  const std::array<NumberKey, 2> array_ = {{{1}, {2}}};
  const std::span<const NumberKey> span_ = vector_;
  const NumberKey c_array_[2] = {{1}, {2}};
  MapCache cache_;
};

TEST_F(RangesTest, GetManyTakesAnyRange) {
  ASSERT_TRUE(cache_.Set(NumberKey{2}, 20).ok());
  std::vector<NumberKey> mutable_vector = vector_;
  const std::span<NumberKey> mutable_span = mutable_vector;
  for (const auto& found :
       {cache_.GetMany(vector_), cache_.GetMany(array_), cache_.GetMany(span_),
        cache_.GetMany(c_array_), cache_.GetMany(mutable_vector),
        cache_.GetMany(mutable_span),
        cache_.GetMany({NumberKey{1}, NumberKey{2}}),
        cache_.GetMany(std::vector<NumberKey>{{1}, {2}})}) {
    ASSERT_EQ(found.size(), 2u);
    EXPECT_FALSE(found[0]);
    EXPECT_EQ(found[1].value(), 20);
  }
}

TEST_F(RangesTest, SetManyTakesAnyRange) {
  using Entry = std::pair<NumberKey, int>;
  const std::vector<Entry> vector = {{{1}, 10}, {{2}, 20}};
  const std::array<Entry, 2> array = {{{{1}, 11}, {{2}, 21}}};
  const std::span<const Entry> span = vector;
  EXPECT_TRUE(cache_.SetMany(vector).ok());
  EXPECT_EQ(cache_.Get(NumberKey{2}).value(), 20);
  EXPECT_TRUE(cache_.SetMany(array).ok());
  EXPECT_EQ(cache_.Get(NumberKey{2}).value(), 21);
  EXPECT_TRUE(cache_.SetMany(span, std::chrono::seconds(5)).ok());
  EXPECT_EQ(cache_.Get(NumberKey{2}).value(), 20);
  EXPECT_EQ(cache_.TtlOf(NumberKey{2}).value(), std::chrono::seconds(5));
  EXPECT_TRUE(
      cache_
          .SetMany({std::pair(NumberKey{1}, 12), std::pair(NumberKey{2}, 22)},
                   std::chrono::seconds(6))
          .ok());
  EXPECT_EQ(cache_.Get(NumberKey{1}).value(), 12);
  EXPECT_EQ(cache_.Get(NumberKey{2}).value(), 22);
  EXPECT_EQ(cache_.TtlOf(NumberKey{2}).value(), std::chrono::seconds(6));
}

TEST_F(RangesTest, InvalidateManyTakesAnyRange) {
  const auto removes = [&](const auto& invalidate) {
    return cache_.Set(NumberKey{1}, 1).ok() &&
           cache_.Set(NumberKey{2}, 2).ok() && invalidate().ok() &&
           cache_.size() == 0;
  };
  EXPECT_TRUE(removes([&] { return cache_.InvalidateMany(vector_); }));
  EXPECT_TRUE(removes([&] { return cache_.InvalidateMany(array_); }));
  EXPECT_TRUE(removes([&] { return cache_.InvalidateMany(span_); }));
  EXPECT_TRUE(removes([&] { return cache_.InvalidateMany(c_array_); }));
  EXPECT_TRUE(removes([&] {
    return cache_.InvalidateMany({NumberKey{1}, NumberKey{2}});
  }));
}

TEST_F(RangesTest, GetManyViaTakesAnyRange) {
  const std::vector<int> expected = {10, 20};
  LoadOptions options;
  options.ttl = std::chrono::seconds(5);
  EXPECT_EQ(cache_.GetManyVia(vector_, TenTimes), expected);
  EXPECT_EQ(cache_.GetManyVia(array_, TenTimes), expected);
  EXPECT_EQ(cache_.GetManyVia(span_, TenTimes), expected);
  EXPECT_EQ(cache_.GetManyVia(c_array_, TenTimes), expected);
  EXPECT_EQ(cache_.GetManyVia({NumberKey{1}, NumberKey{2}}, TenTimes, options),
            expected);
  EXPECT_EQ(cache_.GetManyVia({NumberKey{3}}, TenTimes, options),
            std::vector<int>{30});
  EXPECT_EQ(cache_.TtlOf(NumberKey{3}).value(), std::chrono::seconds(5));
}

// --- Strings.

// Stores a text in brackets, and compresses long texts.
struct InBrackets {
  static std::string Serialise(const std::string& value) {
    return "[" + value + "]";
  }
  static std::optional<std::string> Deserialise(const Bytes& bytes) {
    return std::string(bytes.view().substr(1, bytes.size() - 2));
  }
};
struct PageKey {
  using value_type = std::string;
  using serialiser = InBrackets;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("page").Segment(id); }
  bool should_compress(const std::string& value, std::string_view bytes) const {
    return value.size() >= 10 && bytes.starts_with('[');
  }
};

// Its bytes are those of the value itself.
struct ByView {
  static std::string_view Serialise(const std::string& value) { return value; }
  static std::optional<std::string> Deserialise(const Bytes& bytes) {
    return std::string(bytes.view());
  }
};
struct ViewKey {
  using value_type = std::string;
  using serialiser = ByView;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("view").Segment(id); }
};

// Too long to be stored inside a std::string.
constexpr std::string_view kLong =
    "a text that is longer than the buffer inside a string";
constexpr const char* kLongLiteral =
    "a text that is longer than the buffer inside a string";

TEST(StringsTest, SetTakesALiteralAViewAndAString) {
  MapCache cache;
  const TextKey key("k");
  ASSERT_TRUE(cache.Set(key, "literal").ok());
  EXPECT_EQ(cache.Get(key).value(), "literal");
  ASSERT_TRUE(cache.Set(key, kLong).ok());
  EXPECT_EQ(cache.Get(key).value(), kLong);
  ASSERT_TRUE(cache.Set(key, kLongLiteral, std::chrono::seconds(5)).ok());
  EXPECT_EQ(cache.Get(key).value(), kLong);
  EXPECT_EQ(cache.TtlOf(key).value(), std::chrono::seconds(5));
  ASSERT_TRUE(cache.Set(key, std::string("string")).ok());
  EXPECT_EQ(cache.Get(key).value(), "string");
  ASSERT_TRUE(cache.Set(key, "").ok());
  EXPECT_EQ(cache.Get(key).value(), "");
  ASSERT_TRUE(cache.Set(key, {}).ok());
  EXPECT_EQ(cache.Get(key).value(), "");
}

TEST(StringsTest, SetOfALiteralUsesTheSerialiserAndTheCompressionOfTheKey) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(PageKey{1}, "short").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/page/1"), "[short]");
  ASSERT_TRUE(cache.Set(PageKey{1}, std::string_view("view")).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/page/1"), "[view]");
  ASSERT_TRUE(cache.Set(PageKey{1}, kLongLiteral).ok());
  EXPECT_TRUE(cache.StoredAt("pyappcache/page/1").starts_with("\x1f\x8b"));
  EXPECT_EQ(cache.Get(PageKey{1}).value(), kLong);
}

TEST(StringsTest, SetManyTakesLiteralsAndViews) {
  MapCache cache;
  ASSERT_TRUE(cache
                  .SetMany({std::pair(PageKey{1}, "short"),
                            std::pair(PageKey{2}, kLongLiteral)})
                  .ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/page/1"), "[short]");
  EXPECT_TRUE(cache.StoredAt("pyappcache/page/2").starts_with("\x1f\x8b"));
  EXPECT_EQ(cache.Get(PageKey{2}).value(), kLong);
  ASSERT_TRUE(cache.SetMany({std::pair(TextKey("a"), kLong)}).ok());
  EXPECT_EQ(cache.Get(TextKey("a")).value(), kLong);
}

// The converted value must live as long as its serialised bytes.
TEST(StringsTest, ASerialiserMayReturnAViewOfAConvertedValue) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(ViewKey{1}, kLongLiteral).ok());
  EXPECT_EQ(cache.Get(ViewKey{1}).value(), kLong);
  ASSERT_TRUE(cache.SetMany({std::pair(ViewKey{2}, kLongLiteral)}).ok());
  EXPECT_EQ(cache.Get(ViewKey{2}).value(), kLong);
  EXPECT_EQ(cache.GetVia(ViewKey{3}, [] { return kLongLiteral; }), kLong);
  EXPECT_EQ(cache.StoredAt("pyappcache/view/3"), kLong);
}

TEST(StringsTest, SetByStrTakesALiteralAViewAStringAndAnyOtherType) {
  MapCache cache;
  const auto stored = [&] { return cache.StoredAt("pyappcache/k"); };
  ASSERT_TRUE(cache.SetByStr("k", "literal").ok());
  EXPECT_EQ(stored(), "literal");
  ASSERT_TRUE(cache.SetByStr("k", kLong, std::chrono::seconds(5)).ok());
  EXPECT_EQ(stored(), kLong);
  EXPECT_EQ(cache.TtlByStr("k").value(), std::chrono::seconds(5));
  ASSERT_TRUE(cache.SetByStr("k", std::string("string")).ok());
  EXPECT_EQ(stored(), "string");
  ASSERT_TRUE(cache.SetByStr<std::string>("k", "explicit").ok());
  EXPECT_EQ(stored(), "explicit");
  ASSERT_TRUE(cache.SetByStr("k", "text", kNoTtl, Compression::kCompress).ok());
  EXPECT_TRUE(stored().starts_with("\x1f\x8b"));
  EXPECT_EQ(cache.GetByStr<std::string>("k").value(), "text");
  ASSERT_TRUE(cache.SetByStr("k", 7).ok());
  EXPECT_EQ(stored(), "7");
  ASSERT_TRUE(cache.SetByStr("k", 0.5).ok());
  EXPECT_EQ(stored(), "0.5");
  ASSERT_TRUE(cache.SetByStr("k", true).ok());
  EXPECT_EQ(stored(), "1");
  ASSERT_TRUE(cache.SetByStr("k", Bytes::Copy("bytes")).ok());
  EXPECT_EQ(stored(), "bytes");
}

// --- Results.

TEST(ResultsTest, StatusHasACodeAndAMessage) {
  const Status status(ErrorCode::kBusy, "locked", 5);
  EXPECT_EQ(status.code(), ErrorCode::kBusy);
  EXPECT_EQ(status.message(), "locked");
}

// What value() throws: the status and what().
template <class F>
std::pair<Status, std::string> Thrown(const F& value) {
  try {
    (void)value();
  } catch (const BadAccess& e) {
    return {e.status(), e.what()};
  }
  return {Status(), "nothing"};
}

TEST(ResultsTest, ValueOfAResultIsTheValueOrThrowsTheError) {
  Result<std::string> result(std::string("value"));
  EXPECT_EQ(result.value(), "value");
  result.value() += "!";
  EXPECT_EQ(std::as_const(result).value(), "value!");
  EXPECT_EQ(std::move(result).value(), "value!");
  EXPECT_EQ(*Result<std::unique_ptr<int>>(std::make_unique<int>(7)).value(), 7);

  const Result<int> failed(Status(ErrorCode::kFull, "disk full", 28));
  const auto [status, what] = Thrown([&] { return failed.value(); });
  EXPECT_TRUE(status.Is(ErrorCode::kFull));
  EXPECT_EQ(what, "there is no value: full: disk full (28)");
}

TEST(ResultsTest, ValueOfALookupIsTheValueOrThrowsWhyThereIsNone) {
  auto found = Lookup<std::string>::Hit("value");
  EXPECT_EQ(found.value(), "value");
  found.value() += "!";
  EXPECT_EQ(std::as_const(found).value(), "value!");
  EXPECT_EQ(std::move(found).value(), "value!");

  const auto missed = Lookup<int>::Miss();
  const auto [no_error, of_miss] = Thrown([&] { return missed.value(); });
  EXPECT_TRUE(no_error.ok());
  EXPECT_EQ(of_miss, "there is no value: the lookup was a miss");

  auto failed = Lookup<int>::Failed(Status(ErrorCode::kBusy, "locked"));
  const auto [error, of_error] = Thrown([&] { return failed.value(); });
  EXPECT_TRUE(error.Is(ErrorCode::kBusy));
  EXPECT_EQ(of_error, "there is no value: busy: locked");
  EXPECT_THROW((void)std::move(failed).value(), std::exception);
}

size_t SizeOf(const std::string& text) { return text.size(); }

TEST(ResultsTest, MapConvertsAHit) {
  const auto found = Lookup<std::string>::Hit("four");
  static_assert(std::is_same_v<decltype(found.Map(SizeOf)), Lookup<size_t>>);
  EXPECT_EQ(found.Map(SizeOf).value(), 4u);
  EXPECT_EQ(*found, "four");  // unchanged
}

TEST(ResultsTest, MapOfAnRvalueMovesTheValue) {
  auto found = Lookup<std::unique_ptr<int>>::Hit(std::make_unique<int>(7));
  Lookup<std::unique_ptr<int>> moved =
      std::move(found).Map([](std::unique_ptr<int> value) { return value; });
  EXPECT_EQ(*moved.value(), 7);
  EXPECT_EQ(Lookup<std::string>::Hit("four").Map(SizeOf).value(), 4u);
}

TEST(ResultsTest, MapKeepsAMissAndAnErrorWithoutCallingTheFunction) {
  const auto fail = [](const std::string&) {
    ADD_FAILURE() << "called";
    return 0;
  };
  const auto missed = Lookup<std::string>::Miss();
  EXPECT_FALSE(missed.Map(fail).is_hit() || missed.Map(fail).has_error());
  const auto failed =
      Lookup<std::string>::Failed(Status(ErrorCode::kBusy, "locked", 5));
  EXPECT_EQ(failed.Map(fail).error().native_code, 5);
  EXPECT_EQ(Lookup<std::string>(failed).Map(fail).error().native_code, 5);
}

TEST(ResultsTest, MapKeepsTheOrigin) {
  for (const Origin origin :
       {Origin::kStorage, Origin::kCopy, Origin::kStaleCopy}) {
    for (auto lookup :
         {Lookup<std::string>::Hit("four"), Lookup<std::string>::Miss(),
          Lookup<std::string>::Failed(Status::OutOfMemory())}) {
      lookup.set_origin(origin);
      EXPECT_EQ(lookup.Map(SizeOf).origin(), origin);
      EXPECT_EQ(std::move(lookup).Map(SizeOf).origin(), origin);
    }
  }
}

TEST(ResultsTest, MapPropagatesExceptions) {
  const auto found = Lookup<std::string>::Hit("four");
  EXPECT_THROW((void)found.Map([](const std::string&) -> int { throw 1; }),
               int);
}

// --- Keys.

TEST(PrintableKeysTest, ToStringReturnsTheSegmentsOfTheKey) {
  EXPECT_EQ(ToString(TextKey("user", 7)), "user/7");
  EXPECT_EQ(ToString(NumberKey{7}), "n/7");
}

TEST(PrintableKeysTest, AKeyIsPrintedToAStream) {
  std::ostringstream out;
  out << TextKey("user", 7) << ' ' << Key<int>("n", -1, "x");
  EXPECT_EQ(out.str(), "user/7 n/-1/x");
}

TEST(PrintableKeysTest, TheViewOfAKeyIsItsSegments) {
  const TextKey key("user", 7);
  EXPECT_EQ(key.view(), "user/7");
}

}  // namespace
}  // namespace appcache
