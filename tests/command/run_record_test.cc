#include "tools/command/exec/run_record.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tests/support/random.h"
#include "tools/command/text/byte_codec.h"

namespace appcache::command::run_record_test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTime{1'234'567'890'123};
constexpr milliseconds kTtl{60'000};

// A recording and its file.
struct FileRecording {
  UniqueFd file;
  Recording recording;

  void Append(Stream stream, std::string_view bytes) {
    recording.Append(stream, bytes);
  }
  const Status& status() const { return recording.status(); }
};

FileRecording MakeRecording(std::string_view identity, uint64_t max_bytes) {
  auto file = CreateMemoryFile();
  EXPECT_TRUE(file.ok());
  auto recording = Recording::Create(file->get(), identity, max_bytes);
  EXPECT_TRUE(recording.ok());
  return {*std::move(file), *std::move(recording)};
}

std::string Finished(FileRecording made, uint8_t exit_status) {
  EXPECT_TRUE(made.recording.Finish(exit_status, kTime, kTtl).ok());
  const auto file = MappedFile::Map(made.file.get());
  EXPECT_TRUE(file.ok());
  return std::string(file->view());
}

std::string SomeRecord() {
  FileRecording recording = MakeRecording("identity", 1000);
  recording.Append(Stream::kOut, "one ");
  recording.Append(Stream::kOut, "two");
  recording.Append(Stream::kError, "oops");
  recording.Append(Stream::kOut, "three");
  return Finished(std::move(recording), 7);
}

// A record with this body, a valid header and a valid checksum.
std::string WithChecksum(std::string_view body, uint8_t version = 3) {
  ByteWriter record;
  record.Raw("appcRUN\n");
  record.Number<uint8_t>(version);
  record.Number<uint64_t>(XXH3_64bits(body.data(), body.size()));
  record.Raw(body);
  return record.Take();
}

// What follows the output in a record without chunks.
void AppendTrailer(ByteWriter& body, uint64_t chunks, uint64_t time = 0,
                   uint64_t ttl = 0) {
  body.Number(chunks);
  body.Number<uint8_t>(0);
  body.Number(time);
  body.Number(ttl);
}

TEST(RunRecordTest, DecodingReturnsTheEncodedChunksInOrder) {
  const std::string record = SomeRecord();
  const auto run = DecodeRun(record);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->exit_status, 7);
  EXPECT_EQ(run->recorded_at, kTime);
  EXPECT_EQ(run->ttl, kTtl);
  EXPECT_EQ(run->identity, "identity");
  ASSERT_EQ(run->chunks.size(), 3u);
  EXPECT_EQ(run->chunks[0].stream, Stream::kOut);
  EXPECT_EQ(run->chunks[0].bytes, "one two");
  EXPECT_EQ(run->chunks[1].stream, Stream::kError);
  EXPECT_EQ(run->chunks[1].bytes, "oops");
  EXPECT_EQ(run->chunks[2].bytes, "three");
}

TEST(RunRecordTest, ARunCanHaveNoOutput) {
  const std::string record = Finished(MakeRecording("", 0), 0);
  const auto run = DecodeRun(record);
  ASSERT_TRUE(run.ok());
  EXPECT_TRUE(run->chunks.empty());
}

TEST(RunRecordTest, EveryChangedByteIsDetected) {
  const std::string record = SomeRecord();
  for (size_t i = 0; i < record.size(); ++i) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string damaged = record;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_FALSE(DecodeRun(damaged).ok()) << i;
    }
  }
}

TEST(RunRecordTest, EveryTruncationIsDetected) {
  const std::string record = SomeRecord();
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(DecodeRun(std::string_view(record).substr(0, size)).ok());
  }
  EXPECT_FALSE(DecodeRun(record + "x").ok());
}

TEST(RunRecordTest, AnotherVersionIsUnsupportedNotCorrupt) {
  for (const char version : {1, 4}) {
    std::string record = SomeRecord();
    record[8] = version;
    const auto run = DecodeRun(record);
    ASSERT_FALSE(run.ok());
    EXPECT_TRUE(run.status().Is(ErrorCode::kUnsupported));
  }
}

// Lengths and counts are checked even when the checksum is valid.
TEST(RunRecordTest, InvalidLengthsAreDetected) {
  for (const uint64_t invalid :
       {uint64_t{9}, ~uint64_t{0}, uint64_t{1} << 63}) {
    ByteWriter identity_too_long;
    identity_too_long.Number(invalid);
    identity_too_long.Raw("12345678");
    EXPECT_FALSE(DecodeRun(WithChecksum(identity_too_long.view())).ok());

    ByteWriter too_many_chunks;
    too_many_chunks.Prefixed("");
    AppendTrailer(too_many_chunks, invalid);
    EXPECT_FALSE(DecodeRun(WithChecksum(too_many_chunks.view())).ok());

    ByteWriter chunk_too_long;
    chunk_too_long.Prefixed("");
    chunk_too_long.Raw("text");
    chunk_too_long.Number<uint8_t>(1);
    chunk_too_long.Number(invalid);
    AppendTrailer(chunk_too_long, 1);
    EXPECT_FALSE(DecodeRun(WithChecksum(chunk_too_long.view())).ok());
  }
}

// Written by builds before --stale.
TEST(RunRecordTest, ARecordOfVersionTwoHasNoTtl) {
  ByteWriter body;
  body.Prefixed("identity");
  body.Raw("text");
  body.Number<uint8_t>(1);
  body.Number<uint64_t>(4);
  body.Number<uint64_t>(1);
  body.Number<uint8_t>(7);
  body.Number<uint64_t>(1234);
  const std::string record = WithChecksum(body.view(), 2);
  const auto run = DecodeRun(record);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->identity, "identity");
  EXPECT_EQ(run->exit_status, 7);
  EXPECT_EQ(run->recorded_at, milliseconds(1234));
  EXPECT_EQ(run->ttl, milliseconds(0));
  ASSERT_EQ(run->chunks.size(), 1u);
  EXPECT_EQ(run->chunks[0].bytes, "text");
  EXPECT_FALSE(DecodeRun(WithChecksum(body.view(), 3)).ok());
}

TEST(RunRecordTest, TimesThatWouldOverflowAreDetected) {
  constexpr uint64_t kMost = 253'402'300'799'999;
  for (const uint64_t time : {kMost, kMost + 1, ~uint64_t{0}}) {
    ByteWriter recorded;
    recorded.Prefixed("");
    AppendTrailer(recorded, 0, time, 0);
    EXPECT_EQ(DecodeRun(WithChecksum(recorded.view())).ok(), time == kMost);
    ByteWriter ttl;
    ttl.Prefixed("");
    AppendTrailer(ttl, 0, 0, time);
    EXPECT_EQ(DecodeRun(WithChecksum(ttl.view())).ok(), time == kMost);
  }
}

TEST(RunRecordTest, OutputOfNoChunkIsDetected) {
  ByteWriter body;
  body.Prefixed("");
  body.Raw("text");
  AppendTrailer(body, 0);
  EXPECT_FALSE(DecodeRun(WithChecksum(body.view())).ok());
}

TEST(RunRecordTest, AnUnknownStreamIsDetected) {
  for (const uint8_t stream : {1, 3}) {
    ByteWriter body;
    body.Prefixed("");
    body.Raw("text");
    body.Number(stream);
    body.Number<uint64_t>(4);
    AppendTrailer(body, 1);
    EXPECT_EQ(DecodeRun(WithChecksum(body.view())).ok(), stream == 1);
  }
}

TEST(RunRecordTest, RandomBytesDoNotDecode) {
  RandomSource random;
  for (int i = 0; i < 5000; ++i) {
    EXPECT_FALSE(DecodeRun(random.String(random.Below(80))).ok());
    // With a valid checksum, the lengths are random. The record may decode, but
    // no view may exceed it.
    const std::string record = WithChecksum(random.String(random.Below(60)));
    if (const auto run = DecodeRun(record); run.ok()) {
      EXPECT_LE(run->identity.size(), record.size());
    }
  }
}

TEST(RunRecordTest, ARecordingAboveTheLimitDropsAllOutput) {
  FileRecording recording = MakeRecording("", 20);
  recording.Append(Stream::kOut, "0123456789");
  EXPECT_TRUE(recording.status().ok());
  recording.Append(Stream::kOut, "01");
  EXPECT_TRUE(recording.status().Is(ErrorCode::kTooLarge));
  struct stat info;
  ASSERT_EQ(fstat(recording.file.get(), &info), 0);
  EXPECT_EQ(info.st_size, 0);  // its memory is released
  recording.Append(Stream::kOut, "0");
  EXPECT_TRUE(recording.status().Is(ErrorCode::kTooLarge));
}

// Otherwise a command that alternates single bytes between streams would use
// twenty times the limit.
TEST(RunRecordTest, TheOverheadOfChunksCountsTowardsTheLimit) {
  FileRecording recording = MakeRecording("", 1000);
  for (int i = 0; i < 120; ++i) {
    recording.Append(i % 2 == 0 ? Stream::kOut : Stream::kError, "x");
  }
  EXPECT_TRUE(recording.status().Is(ErrorCode::kTooLarge));
}

}  // namespace
}  // namespace appcache::command::run_record_test
