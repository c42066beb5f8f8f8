// The file system fails while a snapshot is written.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/fault/fault_loop.h"

namespace appcache::io_error_snapshot_test {
namespace {

class IoErrorSnapshotTest : public FaultLoop {
 protected:
  void SetUp() override {
    set_stride(23);
    MakeOriginal(/*with_log=*/false);
  }

  // The entries that a cache has which is opened on the snapshot.
  Contents InFile() {
    const std::string copy = directory_.path() + "/copy.db";
    std::filesystem::copy_file(
        file_, copy, std::filesystem::copy_options::overwrite_existing);
    auto cache = SqliteCache::OpenInMemoryFrom(copy, Options(), "copy");
    EXPECT_TRUE(cache.ok()) << cache.status().ToString();
    std::filesystem::remove(copy);
    return cache.ok() ? ContentsOf(**cache) : Contents();
  }

  void ExpectNothingBeside() const {
    for (const auto& item :
         std::filesystem::directory_iterator(directory_.path())) {
      EXPECT_EQ(item.path().filename(), "snapshot.db");
    }
  }

  const TempDir directory_;
  const std::string file_ = directory_.path() + "/snapshot.db";
};

// The old one has one entry.
TEST_F(IoErrorSnapshotTest, ReplacesTheOldOneOrLeavesIt) {
  const auto old = SqliteCache::OpenInMemory(Options(), "old");
  ASSERT_TRUE(old.ok());
  ASSERT_TRUE((*old)->SetByStr<std::string>("old", "value").ok());
  const Contents before = {{"old", "value"}};
  FailEverywhere(
      {.prepare =
           [&](SqliteCache&) {
             const Status status = (*old)->Snapshot(file_);
             ASSERT_TRUE(status.ok()) << status.ToString();
           },
       .run = [&](SqliteCache& cache) { return cache.Snapshot(file_); },
       .after = original(),
       .check =
           [&](const Status& status) {
             ExpectNothingBeside();
             EXPECT_EQ(InFile(), status.ok() ? original() : before);
           }});
}

TEST_F(IoErrorSnapshotTest, CreatesANewOneOrNothing) {
  FailEverywhere(
      {.prepare = [&](SqliteCache&) { std::filesystem::remove(file_); },
       .run = [&](SqliteCache& cache) { return cache.Snapshot(file_); },
       .after = original(),
       .check =
           [&](const Status& status) {
             ExpectNothingBeside();
             EXPECT_EQ(std::filesystem::exists(file_), status.ok());
             EXPECT_EQ(status.ok() ? InFile() : original(), original());
           }});
}

}  // namespace
}  // namespace appcache::io_error_snapshot_test
