// Tests that only FileBackend needs; tests/conformance tests it like every
// other backend.

#include "tools/examples/file_backend.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace appcache::file_backend_test {
namespace {

namespace fs = std::filesystem;
using examples::FileBackend;

std::shared_ptr<Backend> OpenBackend(
    const std::string& directory,
    std::shared_ptr<const Clock> clock = Clock::Wall()) {
  auto opened = FileBackend::Open(directory, std::move(clock));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return *std::move(opened);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const fs::path& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

class FileBackendTest : public testing::Test {
 protected:
  std::vector<fs::path> Files() const {
    return {fs::directory_iterator(directory_.path()),
            fs::directory_iterator()};
  }

  // The only file of the directory.
  fs::path TheFile() const {
    const std::vector<fs::path> files = Files();
    EXPECT_EQ(files.size(), 1u);
    return files.at(0);
  }

  const TempDir directory_;
  Cache cache_{std::make_shared<FileBackend>(directory_.path())};
  const Key<std::string> key_{"k"};
};

TEST_F(FileBackendTest, AnEntryIsOneFile) {
  ASSERT_TRUE(cache_.Set(key_, "1").ok());
  ASSERT_TRUE(cache_.Set(key_, "2").ok());
  EXPECT_EQ(Files().size(), 1u);
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  EXPECT_EQ(Files().size(), 0u);
}

TEST_F(FileBackendTest, EntriesOutliveTheBackend) {
  auto clock = std::make_shared<FakeClock>();
  const auto reopened = [&] { return OpenBackend(directory_.path(), clock); };
  ASSERT_TRUE(
      Cache(reopened()).Set(key_, "value", std::chrono::seconds(2)).ok());
  clock->Advance(std::chrono::seconds(1));
  EXPECT_EQ(*Cache(reopened()).Get(key_), "value");
  clock->Advance(std::chrono::seconds(1));
  EXPECT_FALSE(Cache(reopened()).Get(key_));
}

TEST_F(FileBackendTest, OpenCreatesTheDirectory) {
  const std::string inner = directory_.path() + "/inner";
  ASSERT_TRUE(Cache(OpenBackend(inner)).Set(key_, "value").ok());
  EXPECT_TRUE(fs::is_directory(inner));
}

TEST_F(FileBackendTest, OpenReportsADirectoryThatItCannotCreate) {
  const auto no_parent = FileBackend::Open(directory_.path() + "/a/b");
  ASSERT_FALSE(no_parent.ok());
  EXPECT_EQ(no_parent.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(no_parent.error().native_code, ENOENT);
  WriteFile(directory_.path() + "/file", "");
  const auto a_file = FileBackend::Open(directory_.path() + "/file");
  ASSERT_FALSE(a_file.ok());
  EXPECT_EQ(a_file.error().native_code, ENOTDIR);
}

TEST_F(FileBackendTest, WithoutTheDirectoryWritesFailAndReadsMiss) {
  fs::remove(directory_.path());
  const Status set = cache_.Set(key_, "value");
  ASSERT_TRUE(set.Is(ErrorCode::kUnavailable));
  EXPECT_EQ(set.error().native_code, ENOENT);
  EXPECT_FALSE(cache_.Get(key_).has_error());
  EXPECT_TRUE(cache_.Invalidate(key_).ok());
  EXPECT_EQ(cache_.Clear().error().native_code, ENOENT);
}

// As if both keys had the same hash.
TEST_F(FileBackendTest, AFileWithAnotherKeyIsAMiss) {
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  const fs::path of_key = TheFile();
  const std::string contents = ReadFile(of_key);
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  ASSERT_TRUE(cache_.Set(Key<std::string>("j"), "other").ok());
  const fs::path of_other = TheFile();
  WriteFile(of_other, contents);
  const Lookup<std::string> found = cache_.Get(Key<std::string>("j"));
  EXPECT_FALSE(found.is_hit() || found.has_error());
  ASSERT_TRUE(cache_.Set(Key<std::string>("j"), "other").ok());
  EXPECT_EQ(*cache_.Get(Key<std::string>("j")), "other");
}

TEST_F(FileBackendTest, ClearKeepsFilesThatAreNotEntries) {
  for (const char* const name :
       {"notes.txt", "0123456789abcdef", "0123456789abcdef.entry.bak",
        "0123456789abcdeX.entry", "x.entry"}) {
    WriteFile(directory_.path() + "/" + name, "mine");
  }
  fs::create_directory(directory_.path() + "/folder");
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  ASSERT_TRUE(cache_.Clear().ok());
  EXPECT_FALSE(cache_.Get(key_));
  EXPECT_EQ(Files().size(), 6u);
}

TEST_F(FileBackendTest, ATruncatedFileIsCorruptUntilItIsSetAgain) {
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  const fs::path file = TheFile();
  const std::string whole = ReadFile(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFile(file, whole.substr(0, size));
    const Lookup<std::string> found = cache_.Get(key_);
    ASSERT_TRUE(found.has_error()) << size;
    EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  }
  WriteFile(file, whole + "x");
  EXPECT_EQ(cache_.Get(key_).error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  EXPECT_EQ(*cache_.Get(key_), "value");
}

TEST_F(FileBackendTest, AForeignFileIsCorrupt) {
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  WriteFile(TheFile(), std::string(1000, '\xff'));
  EXPECT_EQ(cache_.Get(key_).error().code, ErrorCode::kCorrupt);
}

TEST_F(FileBackendTest, ADirectoryInPlaceOfAnEntryIsUnavailable) {
  ASSERT_TRUE(cache_.Set(key_, "value").ok());
  const fs::path file = TheFile();
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(cache_.Get(key_).error().native_code, EISDIR);
  EXPECT_EQ(cache_.Set(key_, "value").error().native_code, EISDIR);
  EXPECT_TRUE(cache_.Invalidate(key_).Is(ErrorCode::kUnavailable));
  EXPECT_EQ(Files().size(), 1u) << "a temporary file was left";
}

// Limits the files that this process writes to 1,000 bytes.
class LimitedFileSize {
 public:
  LimitedFileSize() : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{1000, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~LimitedFileSize() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_;
  void (*const old_handler_)(int);
};

TEST_F(FileBackendTest, AFailedSetKeepsTheOldValueAndLeavesNoFile) {
  ASSERT_TRUE(cache_.Set(key_, "old").ok());
  Status failed;
  {
    const LimitedFileSize limited;
    failed = cache_.Set(key_, std::string(2000, 'x'));
  }
  ASSERT_TRUE(failed.Is(ErrorCode::kTooLarge)) << failed.ToString();
  EXPECT_EQ(failed.error().native_code, EFBIG);
  EXPECT_EQ(*cache_.Get(key_), "old");
  EXPECT_EQ(Files().size(), 1u);
}

}  // namespace
}  // namespace appcache::file_backend_test
