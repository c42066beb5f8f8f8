// The format of records, and the keys that they stand under.

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
  record.ends_at = TimePoint(std::chrono::microseconds(0x0102030405060708));
  record.number = 0x1112131415161718;
  return record;
}

void ExpectSame(const std::optional<Record>& decoded, const Record& record) {
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->path, record.path);
  EXPECT_EQ(decoded->value, record.value);
  EXPECT_EQ(decoded->ends_at, record.ends_at);
  EXPECT_EQ(decoded->number, record.number);
}

// What is on disks must stay readable: these bytes never change.
TEST(RecordTest, Version1IsTheseBytes) {
  EXPECT_EQ(Encoded(Full()),
            "\x01\x03\0\0\x06\0\0\0"
            "\x08\x07\x06\x05\x04\x03\x02\x01"
            "\x18\x17\x16\x15\x14\x13\x12\x11"
            "a patha value"
            "\x96\x6b\x92\xe8\xb4\xad\xef\x36"sv);
  EXPECT_EQ(Encoded(Record()),
            "\x01\0\0\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0"
            "\x0e\x38\xcc\x89\xa4\xe6\xe0\x15"sv);
}

TEST(RecordTest, WhatWasEncodedIsDecoded) {
  RandomSource random;
  for (int i = 0; i < 2000; ++i) {
    const std::string path = random.String(random.Below(600));
    const std::string value = random.String(random.Below(3000));
    Record record;
    if (random.Below(2) == 0) record.path = path;
    record.value = value;
    if (random.Below(2) == 0) {
      record.ends_at = TimePoint(
          std::chrono::microseconds(static_cast<int64_t>(random.Bits())));
    }
    record.number = random.Bits();
    ExpectSame(DecodeRecord(Encoded(record)), record);
  }
}

// Up to 1 KiB, all bits.
TEST(RecordTest, AnyBitThatIsWrongIsFound) {
  const std::string value(900, 'v');
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

TEST(RecordTest, WhatIsCutShortOrHasMoreIsFound) {
  const std::string bytes = Encoded(Full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, size)));
  }
  EXPECT_FALSE(DecodeRecord(bytes + '\0'));
}

TEST(RecordTest, ALargeRecordWhoseEndIsMissingIsFound) {
  const std::string value(100'000, 'v');
  Record record;
  record.value = value;
  std::string bytes = Encoded(record);
  bytes.resize(bytes.size() - 4096);
  EXPECT_FALSE(DecodeRecord(bytes));
  bytes.resize(value.size() + kRecordOverhead);
  EXPECT_FALSE(DecodeRecord(bytes));
}

// With the checksum that it would have.
void ExpectRefused(size_t at, char byte) {
  Record record = Full();
  record.path.reset();
  record.ends_at.reset();
  std::string bytes = Encoded(record);
  bytes[at] = byte;
  bytes.resize(bytes.size() - 8);
  uint64_t checksum = RecordChecksum(bytes);
  for (int i = 0; i < 8; ++i, checksum >>= 8) {
    bytes += static_cast<char>(checksum & 0xff);
  }
  EXPECT_FALSE(DecodeRecord(bytes)) << at;
}

TEST(RecordTest, AnotherVersionIsRefused) {
  ExpectRefused(0, 0);
  ExpectRefused(0, 2);
}

TEST(RecordTest, WhatThisVersionDoesNotWriteIsRefused) {
  ExpectRefused(1, 4);  // a flag that there is not
  ExpectRefused(1, 8);
  ExpectRefused(2, 1);  // not zero
  ExpectRefused(3, 1);
  ExpectRefused(4, 1);  // a path without the flag
  ExpectRefused(7, 1);  // longer than the record
  ExpectRefused(8, 1);  // an end without the flag
}

TEST(EntryKeyTest, AShortPathStandsInTheKey) {
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

TEST(EntryKeyTest, AShortPathNeverMeetsAHashedOne) {
  const std::string path(600, 'p');
  const EntryKey hashed(path);
  EXPECT_NE(EntryKey(hashed.view()).view(), hashed.view());
  EXPECT_NE(EntryKey(hashed.view().substr(1)).view(), hashed.view());
}

TEST(EntryKeyTest, ARecordIsThatOfThePathThatItHolds) {
  const std::string path(600, 'p');
  Record record;
  record.path = path;
  EXPECT_TRUE(EntryKey(path).IsOf(record, path));
  record.path = "another";
  EXPECT_FALSE(EntryKey(path).IsOf(record, path));
  record.path.reset();
  EXPECT_FALSE(EntryKey(path).IsOf(record, path));
  EXPECT_TRUE(EntryKey("short").IsOf(record, "short"));
}

}  // namespace
}  // namespace appcache::lmdb
