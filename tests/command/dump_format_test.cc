#include "tools/command/dump/dump_format.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "tests/support/random.h"

namespace appcache::command::dump_format_test {
namespace {

StoredEntry Entry(std::string path, std::string_view value, int64_t last_used,
                  std::optional<int64_t> expires_at = std::nullopt) {
  StoredEntry entry;
  entry.info.path = std::move(path);
  entry.info.bytes = entry.info.path.size() + value.size();
  entry.info.last_used = TimePoint(std::chrono::microseconds(last_used));
  if (expires_at) {
    entry.info.expires_at = TimePoint(std::chrono::microseconds(*expires_at));
  }
  entry.value = Bytes::Copy(value);
  return entry;
}

std::string Dump(const std::vector<StoredEntry>& entries) {
  std::string dump;
  DumpWriter writer([&](std::string_view bytes) {
    dump.append(bytes);
    return Status();
  });
  for (const StoredEntry& entry : entries) {
    EXPECT_TRUE(writer.Add(entry).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_EQ(writer.entries(), entries.size());
  return dump;
}

struct Loaded {
  std::vector<StoredEntry> entries;
  size_t blocks = 0;
  Status status;
};

// Reads at most `step` bytes at a time.
Loaded Load(std::string_view dump, size_t step = 1 << 16) {
  DumpReader reader([&](char* data, size_t size) -> Result<size_t> {
    const size_t count = std::min({size, step, dump.size()});
    std::memcpy(data, dump.data(), count);
    dump.remove_prefix(count);
    return count;
  });
  Loaded loaded;
  for (;;) {
    auto block = reader.NextBlock();
    if (!block.ok()) {
      loaded.status = block.status();
      return loaded;
    }
    if (block->empty()) return loaded;
    ++loaded.blocks;
    loaded.entries.insert(loaded.entries.end(), block->begin(), block->end());
  }
}

// Three blocks: two large values, and small entries after them.
std::vector<StoredEntry> ThreeBlocks() {
  return {Entry("large/1", std::string(1 << 20, 'a'), 1),
          Entry("large/2", std::string(1 << 20, 'b'), 2),
          Entry("small/1", "c", 3), Entry("small/2", "", 4, 5)};
}

// `dump` with a CRC-32 of `size` bytes from `begin` on written after them.
void Seal(std::string& dump, size_t begin, size_t size) {
  uint32_t crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(dump.data() + begin),
            static_cast<uInt>(size)));
  for (size_t i = 0; i < 4; ++i, crc >>= 8) {
    dump[begin + size + i] = static_cast<char>(crc);
  }
}

TEST(DumpFormatTest, ALoadReturnsTheDumpedEntries) {
  const std::string odd("odd\0\n\xff", 6);
  const Loaded loaded =
      Load(Dump({Entry("a/b", "value", 1'700'000'000'000'000),
                 Entry(odd, odd, 0, 1'800'000'000'000'000), Entry("", "", 7)}));
  ASSERT_TRUE(loaded.status.ok()) << loaded.status.ToString();
  ASSERT_EQ(loaded.entries.size(), 3u);
  const StoredEntry& first = loaded.entries[0];
  EXPECT_EQ(first.info.path, "a/b");
  EXPECT_EQ(first.value.view(), "value");
  EXPECT_EQ(first.info.bytes, 8u);
  EXPECT_EQ(first.info.last_used.time_since_epoch().count(),
            1'700'000'000'000'000);
  EXPECT_FALSE(first.info.expires_at.has_value());
  const StoredEntry& second = loaded.entries[1];
  EXPECT_EQ(second.info.path, odd);
  EXPECT_EQ(second.value.view(), odd);
  EXPECT_EQ(second.info.expires_at->time_since_epoch().count(),
            1'800'000'000'000'000);
}

// The format of dump_format.md, on which other versions and programs rely.
TEST(DumpFormatTest, AnEmptyDumpIsAHeaderAndATrailer) {
  std::string expected("appcacheDUMP\1\0\0\0", 16);
  expected.append("DONE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0CRC!", 24);
  Seal(expected, 16, 20);
  EXPECT_EQ(Dump({}), expected);
  EXPECT_TRUE(Load(expected).status.ok());
}

TEST(DumpFormatTest, AnEntryIsLaidOutAsDocumented) {
  const std::string dump = Dump({Entry("key", "value", 0x0102, 0x0304)});
  ASSERT_EQ(dump.size(), 16u + 24 + 24 + 8 + 24);
  EXPECT_EQ(dump.substr(16, 16),
            std::string("DATA\1\0\0\0\x20\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(dump.substr(40, 32),
            std::string("\3\0\0\0\5\0\0\0\2\1\0\0\0\0\0\0\4\3\0\0\0\0\0\0"
                        "keyvalue",
                        32));
}

TEST(DumpFormatTest, LargeDumpsHaveSeveralBlocks) {
  const Loaded loaded = Load(Dump(ThreeBlocks()));
  ASSERT_TRUE(loaded.status.ok());
  EXPECT_EQ(loaded.blocks, 3u);
  EXPECT_EQ(loaded.entries.size(), 4u);
}

TEST(DumpFormatTest, ShortReadsAreContinued) {
  const Loaded loaded = Load(Dump({Entry("key", "value", 1)}), 1);
  ASSERT_TRUE(loaded.status.ok());
  EXPECT_EQ(loaded.entries.size(), 1u);
}

TEST(DumpFormatTest, EveryChangedByteIsAnErrorAndLoadsNothing) {
  const std::string dump = Dump({Entry("key", "value", 1, 2)});
  for (size_t i = 0; i < dump.size(); ++i) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string damaged = dump;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      const Loaded loaded = Load(damaged);
      EXPECT_FALSE(loaded.status.ok()) << i;
      // A damaged trailer follows a valid block.
      EXPECT_TRUE(loaded.entries.empty() || i >= dump.size() - 24) << i;
    }
  }
}

TEST(DumpFormatTest, EveryTruncationIsAnError) {
  const std::string dump = Dump({Entry("key", "value", 1, 2)});
  for (size_t size = 0; size < dump.size(); ++size) {
    EXPECT_FALSE(Load(std::string_view(dump).substr(0, size)).status.ok());
  }
}

TEST(DumpFormatTest, ATruncationBetweenBlocksIsAnError) {
  const std::string dump = Dump(ThreeBlocks());
  const size_t first_block = 24 + 24 + 7 + (1 << 20);
  const Loaded loaded =
      Load(std::string_view(dump).substr(0, 16 + first_block));
  EXPECT_TRUE(loaded.status.Is(ErrorCode::kCorrupt));
  EXPECT_EQ(loaded.entries.size(), 1u);
}

TEST(DumpFormatTest, AMissingBlockIsAnError) {
  std::string dump = Dump(ThreeBlocks());
  dump.erase(16, 24 + 24 + 7 + (1 << 20));
  const Loaded loaded = Load(dump);
  ASSERT_TRUE(loaded.status.Is(ErrorCode::kCorrupt));
  EXPECT_NE(loaded.status.error().message.find("blocks are missing"),
            std::string::npos);
}

TEST(DumpFormatTest, DataAfterTheTrailerIsAnError) {
  EXPECT_TRUE(Load(Dump({}) + "x").status.Is(ErrorCode::kCorrupt));
}

TEST(DumpFormatTest, TheErrorHasThePosition) {
  std::string dump = Dump(ThreeBlocks());
  const size_t second_block = 16 + 24 + 24 + 7 + (1 << 20);
  dump[second_block + 1000] ^= 1;
  const Loaded loaded = Load(dump);
  ASSERT_FALSE(loaded.status.ok());
  EXPECT_EQ(loaded.entries.size(), 1u);
  EXPECT_EQ(loaded.status.error().message, "the dump is damaged at byte " +
                                               std::to_string(second_block) +
                                               " (block 2): wrong checksum");
}

TEST(DumpFormatTest, OtherFilesAndNewerVersionsAreUnsupportedNotCorrupt) {
  EXPECT_TRUE(Load("").status.Is(ErrorCode::kUnsupported));
  EXPECT_TRUE(
      Load("SQLite format 3 and more").status.Is(ErrorCode::kUnsupported));
  std::string newer = Dump({});
  newer[12] = 2;
  EXPECT_TRUE(Load(newer).status.Is(ErrorCode::kUnsupported));
}

// An attacker can compute valid checksums.
TEST(DumpFormatTest, InvalidFieldsWithAValidChecksumAreErrors) {
  const std::string dump = Dump({Entry("key", "value", 1, 2)});
  const auto forge = [&](size_t offset, std::string_view bytes) {
    std::string forged = dump;
    forged.replace(offset, bytes.size(), bytes);
    std::string payload = forged.substr(40, 32);
    payload.append(4, '\0');
    Seal(payload, 0, 32);
    forged.replace(32, 4, payload.substr(32));
    Seal(forged, 16, 20);
    return Load(forged);
  };
  EXPECT_TRUE(forge(40, "").status.ok());  // unchanged
  using namespace std::string_view_literals;
  EXPECT_FALSE(forge(40, "\4"sv).status.ok());                // a longer key
  EXPECT_FALSE(forge(44, "\xff\xff\xff\xff"sv).status.ok());  // a longer value
  EXPECT_FALSE(forge(44, "\0"sv).status.ok());                // a shorter value
  EXPECT_FALSE(forge(55, "\xff"sv).status.ok());  // accessed before 1970
  EXPECT_FALSE(forge(55, "\x7f"sv).status.ok());  // accessed after 9999
  EXPECT_FALSE(forge(63, "\xff"sv).status.ok());  // expired before 1970
  EXPECT_FALSE(forge(20, "\2"sv).status.ok());    // more entries
  EXPECT_FALSE(forge(20, "\0"sv).status.ok());    // no entries
  EXPECT_FALSE(forge(31, "\x10"sv).status.ok());  // a huge block
}

TEST(DumpFormatTest, RandomEntriesSurviveADumpAndALoad) {
  RandomSource random;
  std::vector<StoredEntry> entries;
  for (int i = 0; i < 300; ++i) {
    entries.push_back(Entry(random.String(random.Below(40)),
                            random.String(random.Below(20'000)),
                            static_cast<int64_t>(random.Below(1u << 30))));
  }
  const Loaded loaded = Load(Dump(entries), 10'007);
  ASSERT_TRUE(loaded.status.ok());
  ASSERT_EQ(loaded.entries.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(loaded.entries[i].info.path, entries[i].info.path);
    EXPECT_EQ(loaded.entries[i].value, entries[i].value);
    EXPECT_EQ(loaded.entries[i].info.last_used, entries[i].info.last_used);
  }
}

TEST(DumpFormatTest, AFullDiskStopsTheDump) {
  DumpWriter writer([](std::string_view) {
    return Status(ErrorCode::kFull, "no space left on device");
  });
  EXPECT_TRUE(writer.Add(Entry("key", "value", 1)).ok());
  EXPECT_TRUE(writer.Finish().Is(ErrorCode::kFull));
}

}  // namespace
}  // namespace appcache::command::dump_format_test
