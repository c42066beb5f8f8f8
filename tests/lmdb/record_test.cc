// The format of records and of their keys.

#include "adapters/lmdb/record.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace appcache::lmdb::record_test {
namespace {

using std::string_literals::operator""s;
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
  record.written_at = TimePoint(std::chrono::microseconds(0x2122232425262728));
  record.sequence = 0x1112131415161718;
  return record;
}

void ExpectSame(const std::optional<Record>& decoded, const Record& record) {
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->path, record.path);
  EXPECT_EQ(decoded->value, record.value);
  EXPECT_EQ(decoded->expires_at, record.expires_at);
  EXPECT_EQ(decoded->written_at, record.written_at);
  EXPECT_EQ(decoded->sequence, record.sequence);
}

constexpr std::string_view kVersion1 =
    "\x01\x03\x18\x17\x16\x15\x14\x13\x12\x11"
    "\x08\x07\x06\x05\x04\x03\x02\x01"
    "\x06\0\0\0a patha value"
    "\x96\xa7\x39\x72"sv;
constexpr std::string_view kEmptyVersion1 =
    "\x01\0\0\0\0\0\0\0\0\0"
    "\x2f\x28\x4e\x3c"sv;

// Existing files must stay readable, so the bytes of a version never change.
TEST(RecordTest, Version1IsRead) {
  Record full = Full();
  full.written_at.reset();
  ExpectSame(DecodeRecord(kVersion1), full);
  ExpectSame(DecodeHead(kVersion1), full);
  ExpectSame(DecodeRecord(kEmptyVersion1), Record());
}

TEST(RecordTest, TheBytesOfVersion2AreFixed) {
  EXPECT_EQ(Encoded(Full()),
            "\x02\x03\x18\x17\x16\x15\x14\x13\x12\x11"
            "\x08\x07\x06\x05\x04\x03\x02\x01"
            "\x28\x27\x26\x25\x24\x23\x22\x21"
            "\x06\0\0\0a path"
            "\x9e\xcd\x9c\x8f\x01\x25\x7b\x69"
            "a value"sv);
  EXPECT_EQ(Encoded(Record()),
            "\x02\0\0\0\0\0\0\0\0\0"
            "\xc2\x94\xd3\x38\xcf\x72\x04\xbd"sv);
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
      const auto any_time = [&random] {
        return TimePoint(
            std::chrono::microseconds(static_cast<int64_t>(random.Bits())));
      };
      record.expires_at = any_time();
      record.written_at = any_time();
    }
    record.sequence = random.Bits();
    ExpectSame(DecodeRecord(Encoded(record)), record);
    ExpectSame(DecodeHead(Encoded(record)), record);
  }
}

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

TEST(RecordTest, DetectsAFlippedBitAnywhereInALargeValue) {
  const std::string value(100'000, 'v');
  Record record = Full();
  record.value = value;
  std::string bytes = Encoded(record);
  for (size_t at = 0; at < bytes.size(); at += at < 400 ? 1 : 997) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    EXPECT_FALSE(DecodeRecord(bytes)) << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_FALSE(DecodeRecord(bytes));
}

// An entry with a damaged value can be evicted; one with a damaged head cannot
// lead to the wrong index rows.
TEST(RecordTest, AHeadIsReadWithoutTheValue) {
  std::string bytes = Encoded(Full());
  const size_t head_bytes = bytes.size() - Full().value.size();
  for (size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    EXPECT_EQ(DecodeHead(bytes).has_value(), at >= head_bytes) << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
  }
}

TEST(RecordTest, DetectsMissingAndAdditionalBytes) {
  for (const std::string& bytes : {Encoded(Full()), std::string(kVersion1)}) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, size)));
    }
    EXPECT_FALSE(DecodeRecord(bytes + '\0'));
  }
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

void AppendChecksum(std::string_view of, std::string& to) {
  uint32_t checksum = Checksum(of);
  for (int i = 0; i < 4; ++i, checksum >>= 8) {
    to += static_cast<char>(checksum & 0xff);
  }
}

// True if `unchecked` with the checksum of version 1 is not a record.
bool IsRefused1(std::string_view unchecked) {
  std::string bytes(unchecked);
  AppendChecksum(unchecked, bytes);
  return !DecodeRecord(bytes);
}

// True if `head` with the checksums of version 2, and a value, is not a record.
bool IsRefused2(std::string_view head) {
  std::string bytes(head);
  AppendChecksum("a value", bytes);
  AppendChecksum(bytes, bytes);
  return !DecodeRecord(bytes + "a value");
}

TEST(RecordTest, AnotherVersionIsRefused) {
  EXPECT_FALSE(IsRefused1("\x01\0........a value"sv));
  EXPECT_FALSE(IsRefused2("\x02\0........"sv));
  for (const char* const version : {"\x00", "\x03", "\xff"}) {
    const std::string start = std::string(version, 1) + "\0........"s;
    EXPECT_TRUE(IsRefused1(start + "a value"));
    EXPECT_TRUE(IsRefused2(start));
  }
}

TEST(RecordTest, RefusesWhatVersion1DoesNotContain) {
  // Unknown flags.
  EXPECT_TRUE(IsRefused1("\x01\x04........a value"sv));
  EXPECT_TRUE(IsRefused1("\x01\x80........a value"sv));
  // Too short for an expiry time, for a path, and for the size of a path.
  EXPECT_FALSE(IsRefused1("\x01\x01........12345678"sv));
  EXPECT_TRUE(IsRefused1("\x01\x01........1234567"sv));
  EXPECT_FALSE(IsRefused1("\x01\x02........\x01\0\0\0p"sv));
  EXPECT_TRUE(IsRefused1("\x01\x02........\x02\0\0\0p"sv));
  EXPECT_TRUE(IsRefused1("\x01\x02........\x01\0\0"sv));
}

TEST(RecordTest, RefusesWhatVersion2DoesNotContain) {
  EXPECT_TRUE(IsRefused2("\x02\x04........"sv));
  EXPECT_TRUE(IsRefused2("\x02\x80........"sv));
  EXPECT_FALSE(IsRefused2("\x02\x01........1234567812345678"sv));
  EXPECT_FALSE(IsRefused2("\x02\x02........\x01\0\0\0p"sv));
  // A path that would reach into the checksums, the value, and beyond.
  EXPECT_TRUE(IsRefused2("\x02\x02........\x02\0\0\0p"sv));
  EXPECT_TRUE(IsRefused2("\x02\x02........\x0e\0\0\0p"sv));
  EXPECT_TRUE(IsRefused2("\x02\x02........\xff\xff\xff\xffp"sv));
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
}  // namespace appcache::lmdb::record_test
