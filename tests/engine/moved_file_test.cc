// A cache whose file is no longer the one of that name: said, not split.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache {
namespace {

class MovedFileTest : public testing::Test {
 protected:
  MovedFileTest() : cache_(Open()) { Set(*cache_, "a"); }

  std::unique_ptr<SqliteCache> Open() const {
    return Must(SqliteCache::OpenFile(file_));
  }

  static void ExpectMoved(const Status& status) {
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    EXPECT_NE(status.ToString().find("open it again"), std::string::npos);
  }

  void ExpectMovedFromASetOn() {
    ExpectMoved(cache_->backend()->SetRaw("b", "lost", kNoTtl));
    ExpectMoved(cache_->backend()->GetRaw("a").status());
    ExpectMoved(cache_->backend()->InvalidateRaw("a"));
    ExpectMoved(cache_->backend()->InvalidatePrefixRaw("a"));
    ExpectMoved(cache_->backend()->AddRaw("b", "lost", kNoTtl).status());
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
  std::unique_ptr<SqliteCache> cache_;
};

TEST_F(MovedFileTest, ARemovedOneIsUnavailable) {
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(file_ + suffix);
  }
  ExpectMovedFromASetOn();
  cache_.reset();
  EXPECT_EQ(PathsIn(*Open()), StringSet());
}

TEST_F(MovedFileTest, ARenamedOneIsUnavailableUntilItIsBack) {
  std::filesystem::rename(file_, file_ + ".away");
  ExpectMovedFromASetOn();
  std::filesystem::rename(file_ + ".away", file_);
  EXPECT_EQ(Get(*cache_, "a"), "value");
  Set(*cache_, "b");
  EXPECT_EQ(PathsIn(*cache_), (StringSet{"a", "b"}));
}

// Though nothing is to be removed: the file that others have may hold some.
TEST_F(MovedFileTest, APrefixThatNothingBeginsWithMeetsItToo) {
  std::filesystem::rename(file_, file_ + ".away");
  ExpectMoved(cache_->backend()->InvalidatePrefixRaw("none/"));
}

// As it happens to one process when another opens a damaged file.
TEST_F(MovedFileTest, AReplacedOneIsUnavailableAndItsSuccessorUnharmed) {
  for (const char* const suffix : {"", "-wal"}) {
    std::filesystem::rename(file_ + suffix, file_ + ".damaged" + suffix);
  }
  std::filesystem::remove(file_ + "-shm");
  const Scratch elsewhere;
  const std::string other = elsewhere.Path("cache.db");
  Set(*Must(SqliteCache::OpenFile(other)), "theirs");
  std::filesystem::copy(other, file_);
  ExpectMovedFromASetOn();
  // Nor does a thread that comes to it now get a connection to the new one.
  std::jthread([&] {
    ExpectMoved(cache_->backend()->GetRaw("theirs").status());
  }).join();
  (void)cache_->Close().ok();
  EXPECT_EQ(PathsIn(*Open()), StringSet{"theirs"});
}

TEST_F(MovedFileTest, ANewThreadIsToldBeforeAnySet) {
  std::filesystem::remove(file_);
  std::jthread([&] {
    ExpectMoved(cache_->backend()->GetRaw("a").status());
  }).join();
}

}  // namespace
}  // namespace appcache
