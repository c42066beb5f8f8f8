#include "tests/command/exec_records.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "appcache/backend.h"
#include "appcache/sqlite_cache.h"
#include "tools/command/exec/run_record.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<SqliteCache> Open(const std::string& file) {
  auto opened = SqliteCache::OpenFile(file);
  EXPECT_TRUE(opened.ok());
  return *std::move(opened);
}

bool IsMark(const std::string& path) { return path.ends_with("/refresh"); }

std::string Older(std::string_view record, milliseconds time) {
  const auto run = DecodeRun(record);
  EXPECT_TRUE(run.ok());
  const auto file = CreateMemoryFile();
  EXPECT_TRUE(file.ok());
  auto recording = Recording::Create(file->get(), run->identity, 1 << 20);
  EXPECT_TRUE(recording.ok());
  for (const Run::Chunk& chunk : run->chunks) {
    recording->Append(chunk.stream, chunk.bytes);
  }
  EXPECT_TRUE(
      recording->Finish(run->exit_status, run->recorded_at - time, run->ttl)
          .ok());
  const auto mapped = MappedFile::Map(file->get());
  EXPECT_TRUE(mapped.ok());
  return std::string(mapped->view());
}

std::vector<std::string> MarksIn(SqliteCache& cache) {
  std::vector<std::string> marks;
  EXPECT_TRUE(cache
                  .ForEachKey([&](const EntryInfo& info) {
                    if (IsMark(info.path)) marks.push_back(info.path);
                    return true;
                  })
                  .ok());
  EXPECT_FALSE(marks.empty());
  return marks;
}

}  // namespace

void MakeOlder(const std::string& file, milliseconds time) {
  const auto cache = Open(file);
  std::vector<std::pair<std::string, std::string>> records;
  EXPECT_TRUE(cache
                  ->ForEachEntry([&](const StoredEntry& entry) {
                    if (!IsMark(entry.info.path)) {
                      records.emplace_back(entry.info.path,
                                           Older(entry.value.view(), time));
                    }
                    return true;
                  })
                  .ok());
  EXPECT_FALSE(records.empty());
  for (const auto& [path, record] : records) {
    EXPECT_TRUE(cache->backend()->SetRaw(path, record, kNoTtl).ok());
  }
}

void KeepTriedRefreshes(const std::string& file) {
  const auto cache = Open(file);
  for (const std::string& path : MarksIn(*cache)) {
    const auto kept = cache->backend()->SetTtlRaw(path, std::chrono::hours(1));
    EXPECT_TRUE(kept.ok() && *kept);
  }
}

void ForgetTriedRefreshes(const std::string& file) {
  const auto cache = Open(file);
  for (const std::string& path : MarksIn(*cache)) {
    EXPECT_TRUE(cache->backend()->InvalidateRaw(path).ok());
  }
}

}  // namespace appcache::command
