// Pickles and the types of C++. pickle_python_test compares with Python.

#include "appcache/pickle_serialiser.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/serialiser.h"

namespace appcache::pickle_serialiser_test {
namespace {

using namespace std::string_literals;

template <class V>
std::optional<V> Read(std::string_view pickle) {
  return PickleSerialiser<V>::Deserialise(Bytes::Copy(pickle));
}

template <class V>
void ExpectRoundTrip(const V& value) {
  const std::string pickle = PickleSerialiser<V>::Serialise(value);
  const std::optional<V> read = Read<V>(pickle);
  ASSERT_TRUE(read) << testing::PrintToString(pickle);
  EXPECT_TRUE(*read == value) << testing::PrintToString(pickle);
}

template <class V>
bool IsRead(const auto& value) {
  using Written = std::decay_t<decltype(value)>;
  return Read<V>(PickleSerialiser<Written>::Serialise(value)).has_value();
}

template <class Integer>
void ExpectLimitsRoundTrip() {
  ExpectRoundTrip(std::numeric_limits<Integer>::min());
  ExpectRoundTrip(std::numeric_limits<Integer>::max());
}

TEST(PickleSerialiserTest, TypesAreReadAsTheyWereWritten) {
  ExpectRoundTrip(std::monostate());
  ExpectRoundTrip(true);
  ExpectRoundTrip(false);
  ExpectLimitsRoundTrip<int8_t>();
  ExpectLimitsRoundTrip<uint16_t>();
  ExpectLimitsRoundTrip<int32_t>();
  ExpectLimitsRoundTrip<uint32_t>();
  ExpectLimitsRoundTrip<int64_t>();
  ExpectLimitsRoundTrip<uint64_t>();
  ExpectRoundTrip(-0.5);
  ExpectRoundTrip(0.25F);
  for (const size_t size : {0, 1, 255, 256, 70'000}) {
    ExpectRoundTrip(std::string(size, 'x'));
    ExpectRoundTrip(Bytes::Copy(std::string(size, '\xff')));
  }
  ExpectRoundTrip("\0\n'\"\\ \u00e9\u6f22\U0001f600"s);
  ExpectRoundTrip(std::optional<int>());
  ExpectRoundTrip(std::optional<int>(3));
  ExpectRoundTrip(std::vector<int>());
  ExpectRoundTrip(std::vector<bool>{true, false});
  ExpectRoundTrip(std::vector<std::vector<int>>{{}, {1}, {2, 3}});
  ExpectRoundTrip(std::tuple<>());
  ExpectRoundTrip(std::tuple(1, "a"s, true, std::vector<double>{1.5}));
  ExpectRoundTrip(std::pair(1, "a"s));
  ExpectRoundTrip(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  ExpectRoundTrip(std::unordered_map<int, Bytes>{{1, Bytes::Copy("x")}});
}

TEST(PickleSerialiserTest, AValueOfAnyTypeIsReadAsItWasWritten) {
  const auto of = [](auto value) { return PickleValue{std::move(value)}; };
  ExpectRoundTrip(PickleValue());
  ExpectRoundTrip(of(true));
  ExpectRoundTrip(of(int64_t{-1}));
  ExpectRoundTrip(of(std::numeric_limits<uint64_t>::max()));
  ExpectRoundTrip(of(1.5));
  ExpectRoundTrip(of("text"s));
  ExpectRoundTrip(of(Bytes::Copy("bytes")));
  ExpectRoundTrip(of(PickleValue::List{of(int64_t{1}), PickleValue()}));
  ExpectRoundTrip(of(PickleValue::Tuple{{of(false), of("x"s)}}));
  ExpectRoundTrip(of(PickleValue::Dict{{of(int64_t{1}), of("x"s)},
                                       {of("y"s), of(PickleValue::List())}}));
  EXPECT_FALSE(of(int64_t{1}) == of(1.0));
}

TEST(PickleSerialiserTest, AValueOfAnotherTypeIsNotRead) {
  EXPECT_FALSE(IsRead<int>("1"s));
  EXPECT_FALSE(IsRead<int>(1.0));
  EXPECT_FALSE(IsRead<int>(true));
  EXPECT_FALSE(IsRead<bool>(1));
  EXPECT_FALSE(IsRead<std::string>(Bytes::Copy("x")));
  EXPECT_FALSE(IsRead<Bytes>("x"s));
  EXPECT_FALSE(IsRead<std::string>(std::monostate()));
  EXPECT_FALSE(IsRead<std::vector<int>>(std::vector<std::string>{"x"}));
  EXPECT_FALSE((IsRead<std::map<int, int>>(std::vector<int>{1})));
  EXPECT_FALSE((IsRead<std::tuple<int, int>>(std::tuple(1))));
  EXPECT_FALSE((IsRead<std::tuple<int>>(std::tuple(1, 2))));
  EXPECT_FALSE((IsRead<std::tuple<int>>(std::vector<int>{1})));
  EXPECT_TRUE(IsRead<std::vector<int>>(std::tuple(1, 2)));
  EXPECT_TRUE(IsRead<double>(1));
}

TEST(PickleSerialiserTest, AnIntegerMustFitItsType) {
  EXPECT_TRUE(IsRead<int8_t>(-128));
  EXPECT_FALSE(IsRead<int8_t>(-129));
  EXPECT_FALSE(IsRead<uint8_t>(-1));
  EXPECT_FALSE(IsRead<int64_t>(std::numeric_limits<uint64_t>::max()));
  EXPECT_FALSE(IsRead<uint32_t>(int64_t{1} << 32));
}

TEST(PickleSerialiserTest, TheLastOfEqualKeysCounts) {
  const auto read = Read<std::map<std::string, int>>(
      "\x80\x04}(\x8c\x01xK\x01\x8c\x01xK\x02u."s);
  EXPECT_EQ(read, (std::map<std::string, int>{{"x", 2}}));
}

TEST(PickleSerialiserTest, WhatHasNoPickleThrows) {
  EXPECT_THROW(PickleSerialiser<std::string>::Serialise("\xff"),
               std::invalid_argument);
  PickleValue deep;
  for (int i = 0; i < kMaxPickleDepth; ++i) {
    deep = PickleValue{PickleValue::List{deep}};
  }
  ExpectRoundTrip(deep);
  deep = PickleValue{PickleValue::List{deep}};
  EXPECT_THROW(PickleSerialiser<PickleValue>::Serialise(deep),
               std::length_error);
}

// --- Other serialisers.

TEST(PickleDetectionTest, NoOtherSerialiserReadsAPickle) {
  for (const std::string& pickle :
       {PickleSerialiser<std::string>::Serialise("text"),
        PickleSerialiser<int>::Serialise(7),
        "\x80\x02"
        "c__main__\nPlain\n)\x81}b."s,
        "\x80\x05\x95\x04\0\0\0\0\0\0\0C\0\x94."s}) {
    const Bytes bytes = Bytes::Copy(pickle);
    EXPECT_FALSE(Serialiser<std::string>::Deserialise(bytes));
    std::string text;
    EXPECT_FALSE(Serialiser<std::string>::ParseView(pickle, text));
    EXPECT_FALSE(Serialiser<int>::Deserialise(bytes));
    EXPECT_FALSE(Serialiser<bool>::Deserialise(bytes));
    EXPECT_FALSE(Serialiser<double>::Deserialise(bytes));
    EXPECT_EQ(Serialiser<Bytes>::Deserialise(bytes), bytes);
  }
}

TEST(PickleDetectionTest, OtherBytesAreText) {
  for (const std::string& text :
       {""s, "."s, "text"s, "\x80"s, "\x80\x04"s, "\x80\x04."s.substr(0, 2),
        "\x80\x04N"s, "\x80\x04N.x"s, "\x80\x04N.."s, "\x80\x01N."s,
        "\x80\x06N."s,
        "\x80\x04\x8c\x05"
        "ab."s,
        "\x80\x04\xff."s, "I1\n."s}) {
    EXPECT_EQ(Serialiser<std::string>::Deserialise(Bytes::Copy(text)), text);
  }
}

}  // namespace
}  // namespace appcache::pickle_serialiser_test
