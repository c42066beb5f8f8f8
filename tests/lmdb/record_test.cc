// The format of records and of their keys.

#include "adapters/lmdb/record.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace appcache::lmdb {
namespace {

using std::string_view_literals::operator""sv;

std::string Encoded(const Record& record) {
  std::string bytes(RecordBytes(record), '\0');
  EncodeRecord(record, bytes.data());
  return bytes;
}

Record Full() {
  Record record;
  record.path = "a path";
  record.value = "a value";
  record.expires_at = TimePoint(std::chrono::microseconds(0x0102030405060708));
  record.sequence = 0x1112131415161718;
  return record;
}

void ExpectSame(const std::optional<Record>& decoded, const Record& record) {
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->path, record.path);
  EXPECT_EQ(decoded->value, record.value);
  EXPECT_EQ(decoded->expires_at, record.expires_at);
  EXPECT_EQ(decoded->sequence, record.sequence);
}

// Existing files must stay readable, so these bytes never change.
TEST(RecordTest, TheBytesOfVersion1AreFixed) {
  EXPECT_EQ(Encoded(Full()),
            "\x01\x03\x18\x17\x16\x15\x14\x13\x12\x11"
            "\x08\x07\x06\x05\x04\x03\x02\x01"
            "\x06\0\0\0a patha value"
            "\x96\xa7\x39\x72"sv);
  EXPECT_EQ(Encoded(Record()),
            "\x01\0\0\0\0\0\0\0\0\0"
            "\x2f\x28\x4e\x3c"sv);
}

TEST(RecordTest, DecodesWhatWasEncoded) {
  RandomSource random;
  for (int i = 0; i < 2000; ++i) {
    const std::string path = random.String(random.Below(600));
    const std::string value = random.String(random.Below(3000));
    Record record;
    if (random.Below(2) == 0) record.path = path;
    record.value = value;
    if (random.Below(2) == 0) {
      record.expires_at = TimePoint(
          std::chrono::microseconds(static_cast<int64_t>(random.Bits())));
    }
    record.sequence = random.Bits();
    ExpectSame(DecodeRecord(Encoded(record)), record);
  }
}

// The checksum covers a record of up to 240 bytes.
TEST(RecordTest, DetectsAnyFlippedBit) {
  const std::string value(200, 'v');
  Record record = Full();
  record.value = value;
  std::string bytes = Encoded(record);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    char& byte = bytes[bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeRecord(bytes)) << bit;
    byte = static_cast<char>(byte ^ (1 << bit % 8));
  }
  ExpectSame(DecodeRecord(bytes), record);
}

TEST(RecordTest, DetectsMissingAndAdditionalBytes) {
  const std::string bytes = Encoded(Full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, size)));
  }
  EXPECT_FALSE(DecodeRecord(bytes + '\0'));
}

TEST(RecordTest, DetectsATruncatedLargeRecord) {
  const std::string value(100'000, 'v');
  Record record;
  record.value = value;
  std::string bytes = Encoded(record);
  const size_t whole = bytes.size();
  bytes.resize(whole - 4096);
  EXPECT_FALSE(DecodeRecord(bytes));
  bytes.resize(whole);
  EXPECT_FALSE(DecodeRecord(bytes));
}

// True if `unchecked` with a correct checksum is not a record.
bool IsRefused(std::string_view unchecked) {
  std::string bytes(unchecked);
  uint32_t checksum = RecordChecksum(unchecked);
  for (int i = 0; i < 4; ++i, checksum >>= 8) {
    bytes += static_cast<char>(checksum & 0xff);
  }
  return !DecodeRecord(bytes);
}

TEST(RecordTest, AnotherVersionIsRefused) {
  EXPECT_FALSE(IsRefused("\x01\0........a value"sv));
  EXPECT_TRUE(IsRefused("\x00\0........a value"sv));
  EXPECT_TRUE(IsRefused("\x02\0........a value"sv));
}

TEST(RecordTest, RefusesWhatThisVersionDoesNotWrite) {
  // Unknown flags.
  EXPECT_TRUE(IsRefused("\x01\x04........a value"sv));
  EXPECT_TRUE(IsRefused("\x01\x80........a value"sv));
  // Too short for an expiry time, for a path, and for the size of a path.
  EXPECT_FALSE(IsRefused("\x01\x01........12345678"sv));
  EXPECT_TRUE(IsRefused("\x01\x01........1234567"sv));
  EXPECT_FALSE(IsRefused("\x01\x02........\x01\0\0\0p"sv));
  EXPECT_TRUE(IsRefused("\x01\x02........\x02\0\0\0p"sv));
  EXPECT_TRUE(IsRefused("\x01\x02........\x01\0\0"sv));
}

TEST(EntryKeyTest, AShortPathIsInTheKey) {
  EXPECT_EQ(EntryKey("").view(), "k");
  EXPECT_EQ(EntryKey("a\0b"sv).view(), "ka\0b"sv);
  const std::string longest(510, 'p');
  EXPECT_EQ(EntryKey(longest).view(), "k" + longest);
  EXPECT_FALSE(EntryKey(longest).is_hashed());
}

TEST(EntryKeyTest, ALongPathIsHashed) {
  for (const size_t size : {511, 512, 70'000}) {
    const std::string path(size, 'p');
    EXPECT_TRUE(EntryKey(path).is_hashed());
    EXPECT_EQ(EntryKey(path).view().size(), 17u);
    EXPECT_NE(EntryKey(path).view(), EntryKey(path + "p").view());
  }
}

TEST(EntryKeyTest, AShortPathNeverHasTheKeyOfAHashedOne) {
  const std::string path(600, 'p');
  const EntryKey hashed(path);
  EXPECT_NE(EntryKey(hashed.view()).view(), hashed.view());
  EXPECT_NE(EntryKey(hashed.view().substr(1)).view(), hashed.view());
}

TEST(EntryKeyTest, ARecordMatchesThePathThatItHolds) {
  const std::string path(600, 'p');
  Record record;
  record.path = path;
  EXPECT_TRUE(EntryKey(path).Matches(record, path));
  record.path = "another";
  EXPECT_FALSE(EntryKey(path).Matches(record, path));
  record.path.reset();
  EXPECT_FALSE(EntryKey(path).Matches(record, path));
  EXPECT_TRUE(EntryKey("short").Matches(record, "short"));
}

}  // namespace
}  // namespace appcache::lmdb
