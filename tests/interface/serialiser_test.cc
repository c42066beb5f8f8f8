#include "appcache/serialiser.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace appcache::serialiser_test {
namespace {

using std::string_view_literals::operator""sv;

template <class V>
std::string Text(const V& value) {
  return std::string(std::string_view(Serialiser<V>::Serialise(value)));
}

template <class V>
std::optional<V> Parse(std::string_view text) {
  return Serialiser<V>::Deserialise(Bytes::Copy(text));
}

TEST(SerialiserTest, BytesAndStringsAreStoredUnchanged) {
  constexpr std::string_view kText = "any\0bytes\xff"sv;
  EXPECT_EQ(Text(Bytes::Copy(kText)), kText);
  EXPECT_EQ(Text(std::string(kText)), kText);
  EXPECT_EQ(Parse<Bytes>(kText)->view(), kText);
  EXPECT_EQ(*Parse<std::string>(kText), kText);
  EXPECT_EQ(*Parse<std::string>(""), "");
}

TEST(SerialiserTest, BytesAreNotCopied) {
  const Bytes stored = Bytes::Copy("stored");
  EXPECT_EQ(Serialiser<Bytes>::Deserialise(stored)->data(), stored.data());
}

TEST(SerialiserTest, BoolIsOneOrZero) {
  EXPECT_EQ(Text(true), "1");
  EXPECT_EQ(Text(false), "0");
  EXPECT_EQ(Parse<bool>("1"), true);
  EXPECT_EQ(Parse<bool>("0"), false);
}

TEST(SerialiserTest, OtherTextsAreNoBool) {
  for (const std::string_view junk :
       {""sv, "2"sv, "true"sv, "false"sv, "01"sv, "1 "sv, "1\0"sv, "\x01"sv}) {
    EXPECT_EQ(Parse<bool>(junk), std::nullopt) << junk;
  }
}

template <class V>
class IntegerTest : public testing::Test {};
using Integers = testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t,
                                uint32_t, int64_t, uint64_t, char, long long>;
TYPED_TEST_SUITE(IntegerTest, Integers);

TYPED_TEST(IntegerTest, LimitsAreDecimalTextAndRoundTrip) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const TypeParam value : {Limits::min(), TypeParam{0}, TypeParam{1},
                                TypeParam{42}, Limits::max()}) {
    const std::string text = Text(value);
    EXPECT_EQ(text, std::to_string(value));
    EXPECT_EQ(Parse<TypeParam>(text), value);
  }
}

TYPED_TEST(IntegerTest, NumbersBeyondTheLimitsDoNotParse) {
  using Limits = std::numeric_limits<TypeParam>;
  // The last digit of a limit is never 9, so this is the next number.
  std::string above = std::to_string(Limits::max());
  ++above.back();
  EXPECT_EQ(Parse<TypeParam>(above), std::nullopt) << above;
  std::string below = std::to_string(Limits::min());
  if (below == "0") {
    below = "-1";
  } else {
    ++below.back();
  }
  EXPECT_EQ(Parse<TypeParam>(below), std::nullopt) << below;
  EXPECT_EQ(Parse<TypeParam>("100000000000000000000000"), std::nullopt);
}

TYPED_TEST(IntegerTest, OtherTextsDoNotParse) {
  for (const std::string_view junk :
       {""sv, " 1"sv, "1\t"sv, " "sv, "+1"sv, "0x1"sv, "1.0"sv, "1e1"sv,
        "--1"sv, "-"sv, "1\n"sv, "1\0"sv, "\xd9\xa1"sv, "nan"sv, "true"sv,
        "1,000"sv}) {
    EXPECT_EQ(Parse<TypeParam>(junk), std::nullopt) << junk;
  }
}

template <class V>
class FloatTest : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatTest, Floats);

TYPED_TEST(FloatTest, LimitsRoundTripExactly) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const TypeParam value :
       {TypeParam{0}, TypeParam{-1.5}, TypeParam{1} / 3, Limits::min(),
        Limits::max(), Limits::lowest(), Limits::denorm_min(),
        Limits::epsilon(), Limits::infinity(), -Limits::infinity()}) {
    EXPECT_EQ(Parse<TypeParam>(Text(value)), value) << Text(value);
  }
}

TYPED_TEST(FloatTest, SignedZeroAndNanRoundTrip) {
  EXPECT_TRUE(std::signbit(*Parse<TypeParam>(Text(TypeParam{-0.0}))));
  const auto nan = std::numeric_limits<TypeParam>::quiet_NaN();
  EXPECT_TRUE(std::isnan(*Parse<TypeParam>(Text(nan))));
}

TYPED_TEST(FloatTest, OtherTextsDoNotParse) {
  for (const std::string_view junk :
       {""sv, "."sv, " 1"sv, "1 "sv, "+1"sv, "1.5.2"sv, "1,5"sv, "1e"sv,
        "1e99999"sv, "1\0"sv, "one"sv, "1.5f"sv}) {
    EXPECT_EQ(Parse<TypeParam>(junk), std::nullopt) << junk;
  }
}

// What a MemcacheCache makes of the integers of other clients.
TEST(SerialiserTest, DecimalPickleIsANumberAndNoText) {
  EXPECT_EQ(Parse<int>("\x80\x02I42\n."), 42);
  EXPECT_EQ(Parse<int64_t>("\x80\x02I-42\n."), -42);
  EXPECT_EQ(Parse<double>("\x80\x02I42\n."), 42.0);
  EXPECT_EQ(Parse<bool>("\x80\x02I1\n."), true);
  EXPECT_EQ(Parse<bool>("\x80\x02I0\n."), false);
  EXPECT_EQ(Parse<std::string>("\x80\x02I42\n."), std::nullopt);
}

TEST(SerialiserTest, OtherPicklesAreNoNumbers) {
  for (const std::string_view pickle :
       {"\x80\x02I\n."sv, "\x80\x02I1\n"sv, "\x80\x02I."sv, "\x80\x02K\x01."sv,
        "\x80\x05K\x01."sv, "\x80\x03I1\n."sv, "I1\n."sv, "\x80\x02I1\nI1\n."sv,
        "\x80\x02I0x1\n."sv, "\x80\x02"sv}) {
    EXPECT_EQ(Parse<int>(pickle), std::nullopt);
    EXPECT_EQ(Parse<bool>(pickle), std::nullopt);
  }
}

TEST(SerialiserTest, DoublesAreTheShortestTextThatRoundTrips) {
  EXPECT_EQ(Text(0.1), "0.1");
  EXPECT_EQ(Text(-2.5), "-2.5");
  EXPECT_EQ(Text(3.0), "3");
  EXPECT_EQ(Text(1e100), "1e+100");
  EXPECT_EQ(Text(0.1f), "0.1");
}

TEST(SerialiserTest, RandomDoublesRoundTripExactly) {
  RandomSource random;
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random.Bits());
    if (std::isnan(value)) continue;
    const std::string text = Text(value);
    ASSERT_EQ(Parse<double>(text), value) << text;
  }
}

// A type with the functions that protoc generates.
struct Message {
  std::string content;
  bool SerializeToString(std::string* text) const {
    *text = "msg:" + content;
    return content != "cannot be serialised";
  }
  bool ParseFromString(const std::string& text) {
    if (!text.starts_with("msg:")) return false;
    content = text.substr(4);
    return true;
  }
};

TEST(SerialiserTest, ProtocolBuffersUseTheirOwnFunctions) {
  EXPECT_EQ(Text(Message{"hello"}), "msg:hello");
  EXPECT_EQ(Parse<Message>("msg:hello")->content, "hello");
  EXPECT_FALSE(Parse<Message>("not a message"));
}

TEST(SerialiserTest, AProtocolBufferThatCannotBeSerialisedThrows) {
  EXPECT_THROW((void)Text(Message{"cannot be serialised"}), std::runtime_error);
}

}  // namespace
}  // namespace appcache::serialiser_test
