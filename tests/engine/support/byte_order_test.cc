#include "engine/support/byte_order.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string_view>

namespace appcache::internal::byte_order_test {
namespace {

using std::string_view_literals::operator""sv;

// Stores at an odd address, because formats need no alignment.
template <class T>
class Stored {
 public:
  Stored(T number, void (*store)(T, char*)) { store(number, bytes_ + 1); }

  const char* data() const { return bytes_ + 1; }
  std::string_view view() const { return {data(), sizeof(T)}; }

 private:
  char bytes_[1 + sizeof(T)] = {};
};

template <class T>
Stored<T> Little(T number) {
  return {number, StoreLittleEndian<T>};
}
template <class T>
Stored<T> Big(T number) {
  return {number, StoreBigEndian<T>};
}

TEST(ByteOrderTest, LittleEndianHasTheLeastSignificantByteFirst) {
  EXPECT_EQ(Little<uint8_t>(0x01).view(), "\x01"sv);
  EXPECT_EQ(Little<uint16_t>(0x0102).view(), "\x02\x01"sv);
  EXPECT_EQ(Little<uint32_t>(0x01020304).view(), "\x04\x03\x02\x01"sv);
  EXPECT_EQ(Little<uint64_t>(0x0102030405060708).view(),
            "\x08\x07\x06\x05\x04\x03\x02\x01"sv);
  EXPECT_EQ(Little<int32_t>(-2).view(), "\xfe\xff\xff\xff"sv);
}

TEST(ByteOrderTest, BigEndianHasTheMostSignificantByteFirst) {
  EXPECT_EQ(Big<uint8_t>(0x01).view(), "\x01"sv);
  EXPECT_EQ(Big<uint16_t>(0x0102).view(), "\x01\x02"sv);
  EXPECT_EQ(Big<uint32_t>(0x01020304).view(), "\x01\x02\x03\x04"sv);
  EXPECT_EQ(Big<uint64_t>(0x0102030405060708).view(),
            "\x01\x02\x03\x04\x05\x06\x07\x08"sv);
  EXPECT_EQ(Big<int16_t>(-2).view(), "\xff\xfe"sv);
}

template <class T>
class RoundTripTest : public testing::Test {};

using Integers = testing::Types<uint8_t, int8_t, uint16_t, int16_t, uint32_t,
                                int32_t, uint64_t, int64_t, char>;
TYPED_TEST_SUITE(RoundTripTest, Integers);

TYPED_TEST(RoundTripTest, LoadReturnsWhatWasStored) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const TypeParam number :
       {TypeParam{0}, TypeParam{1}, TypeParam{0x5a}, Limits::min(),
        Limits::max(), static_cast<TypeParam>(Limits::max() - 1)}) {
    EXPECT_EQ(LoadLittleEndian<TypeParam>(Little(number).data()), number);
    EXPECT_EQ(LoadBigEndian<TypeParam>(Big(number).data()), number);
  }
}

}  // namespace
}  // namespace appcache::internal::byte_order_test
