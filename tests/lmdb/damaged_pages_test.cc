// A data.mdb with damaged pages: refused when it is opened, before LMDB maps it
// and follows its page numbers.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/lmdb/page_check.h"
#include "appcache/lmdb_cache.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/support/temp_dir.h"

namespace appcache::lmdb::damaged_pages_test {
namespace {

constexpr int kEntries = 300;

std::string PathOf(int i) { return "some/path/" + std::to_string(i); }
std::string ValueOf(int i) {
  return std::string(i % 50 == 0 ? 20'000 : 200,
                     static_cast<char>('a' + i % 26));
}

class DamagedPagesTest : public testing::Test {
 protected:
  // With overflow pages, all three tables, and free pages.
  DamagedPagesTest() {
    options_.max_bytes = LmdbCacheOptions::kMinBytes;
    const auto cache = OpenLmdb(path_, options_);
    for (int i = 0; i < kEntries; ++i) {
      EXPECT_TRUE(cache->backend()
                      ->SetRaw(PathOf(i), ValueOf(i), Ttl(1'000'000 + i))
                      .ok());
    }
    for (int i = 0; i < kEntries; i += 3) {
      EXPECT_TRUE(cache->backend()->InvalidateRaw(PathOf(i)).ok());
    }
  }

  std::string File() const { return path_ + "/data.mdb"; }

  std::string ReadAll() const {
    std::ifstream file(File(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void Write(size_t at, std::string_view bytes) const {
    const int file = open(File().c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
    close(file);
  }

  // Opens it, and reads and writes. Every value is right.
  void UseUnlessRefused(int& refused) const {
    auto opened = LmdbCache::Open(path_, options_);
    if (!opened.ok()) {
      // A table that looks empty is not a cache's.
      EXPECT_TRUE(opened.status().Is(ErrorCode::kCorrupt) ||
                  opened.status().Is(ErrorCode::kUnsupported))
          << opened.status().ToString();
      ++refused;
      return;
    }
    for (int i = 0; i < kEntries; ++i) {
      const Lookup<Bytes> found = (*opened)->backend()->GetRaw(PathOf(i));
      EXPECT_TRUE(!found || found->view() == ValueOf(i)) << i;
    }
  }

  // Whether the page is not the second or later one of a large value.
  bool HasHeader(const std::string& file, size_t page) const {
    uint64_t number = 0;
    std::memcpy(&number, file.data() + page * page_bytes_, sizeof(number));
    return number == page;
  }
  bool IsValue(const std::string& file, size_t page) const {
    return file[page * page_bytes_ + 10] == 4;
  }

  const TempDir parent_{"/dev/shm"};
  const std::string path_ = parent_.path() + "/cache";
  LmdbCacheOptions options_;
  const size_t page_bytes_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
};

TEST_F(DamagedPagesTest, ASoundFileIsAccepted) {
  EXPECT_EQ(CheckPages(File()), 0);
  const auto cache = OpenLmdb(path_, options_);
  EXPECT_EQ(ValueIn(*cache, PathOf(50)), ValueOf(50));
}

TEST_F(DamagedPagesTest, AFileThatIsMissingOrEmptyIsAccepted) {
  EXPECT_EQ(CheckPages(parent_.path() + "/none"), 0);
  std::ofstream(parent_.path() + "/empty").flush();
  EXPECT_EQ(CheckPages(parent_.path() + "/empty"), 0);
}

// Each header in turn: those of free pages do not matter, all others do.
TEST_F(DamagedPagesTest, NoDamagedHeaderIsFollowed) {
  const std::string sound = ReadAll().substr(0, 1024 * 1024);
  struct Damage {
    size_t at;
    std::string bytes;
  };
  const Damage damages[] = {
      {0, std::string(8, '\x5a')},               // the number of the page
      {10, std::string(2, '\x5a')},              // its kind
      {12, std::string(4, '\x7f')},              // its bounds
      {12, std::string("\x12\x00\x12\x00", 4)},  // bounds that look right
      {16, std::string(64, '\xff')},             // the offsets of its nodes
      {0, std::string(page_bytes_, '\xa5')},
      {0, std::string(page_bytes_, '\0')},
  };
  int refused = 0;
  for (size_t page = 0; (page + 1) * page_bytes_ <= sound.size(); ++page) {
    for (const Damage& damage : damages) {
      SCOPED_TRACE(std::to_string(page) + " " + std::to_string(damage.at));
      // Bytes of values have no checksum.
      if (!HasHeader(sound, page) ||
          (damage.at == 16 && IsValue(sound, page))) {
        continue;
      }
      Write(page * page_bytes_ + damage.at,
            std::string_view(damage.bytes).substr(0, page_bytes_ - damage.at));
      UseUnlessRefused(refused);
      Write(0, sound);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_EQ(CheckPages(File()), 0);
}

TEST_F(DamagedPagesTest, PageNumbersBehindTheEndAreRefused) {
  // Of both meta pages: the roots, and the last page.
  for (const size_t at : {size_t{16 + 24 + 40}, size_t{16 + 24 + 48 + 40},
                          size_t{16 + 24 + 96}}) {
    SCOPED_TRACE(at);
    const std::string sound = ReadAll().substr(0, 2 * page_bytes_);
    for (const size_t meta : {size_t{0}, page_bytes_}) {
      Write(meta + at, std::string("\0\0\0\0\1\0\0\0", 8));
    }
    EXPECT_TRUE(
        LmdbCache::Open(path_, options_).status().Is(ErrorCode::kCorrupt));
    Write(0, sound);
  }
}

// An open of a large cache reads a bounded number of pages, so damage of some
// is not found.
TEST_F(DamagedPagesTest, PagesOfLargeValuesCountAsPagesThatAreRead) {
  constexpr size_t kLarge = kMaxCheckedPages * 3 / 2;
  constexpr size_t kSamples = 40;
  {
    LmdbCacheOptions options;
    options.max_bytes = uint64_t{256} << 20;
    std::filesystem::remove_all(path_);
    const auto cache = OpenLmdb(path_, options);
    const std::string value(page_bytes_, 'v');  // more than a page, with a key
    std::vector<std::string> paths;
    std::vector<RawEntry> entries;
    for (size_t i = 0; i < kLarge; ++i) paths.push_back(std::to_string(i));
    for (const std::string& path : paths) entries.push_back({path, value});
    const Status set = cache->backend()->SetManyRaw(entries);
    ASSERT_TRUE(set.ok()) << set.ToString();
  }
  EXPECT_EQ(CheckPages(File()), 0);
  std::string sound(kLarge * 3 * page_bytes_, '\0');
  std::ifstream(File(), std::ios::binary)
      .read(sound.data(), static_cast<std::streamsize>(sound.size()));
  std::vector<size_t> values;
  for (size_t page = 2; (page + 1) * page_bytes_ <= sound.size(); ++page) {
    if (HasHeader(sound, page) && IsValue(sound, page)) values.push_back(page);
  }
  ASSERT_GE(values.size(), kLarge);
  size_t found = 0;
  for (size_t i = 0; i < kSamples; ++i) {
    const size_t page = values[i * values.size() / kSamples];
    Write(page * page_bytes_ + 10, std::string(2, '\x5a'));
    if (CheckPages(File()) != 0) ++found;
    Write(page * page_bytes_ + 10,
          std::string_view(sound).substr(page * page_bytes_ + 10, 2));
  }
  EXPECT_GT(found, 0u);
  EXPECT_LT(found, kSamples);
}

TEST_F(DamagedPagesTest, ATruncatedFileIsRefused) {
  const std::string sound = ReadAll();
  for (const size_t size :
       {size_t{1}, size_t{100}, page_bytes_, page_bytes_ + 100, 2 * page_bytes_,
        10 * page_bytes_}) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(File(), size);
    const Status status = LmdbCache::Open(path_, options_).status();
    EXPECT_TRUE(status.Is(ErrorCode::kCorrupt)) << status.ToString();
    std::ofstream(File(), std::ios::binary | std::ios::trunc) << sound;
  }
}

TEST_F(DamagedPagesTest, LinksAndFifosInTheDirectoryAreRefused) {
  const std::string other = parent_.path() + "/other";
  std::ofstream(other).flush();
  for (const std::string name : {"/data.mdb", "/lock.mdb", "/appcache.lane"}) {
    for (const bool is_link : {true, false}) {
      SCOPED_TRACE(name);
      const std::string directory = parent_.path() + "/hostile";
      std::filesystem::create_directory(directory);
      if (is_link) {
        std::filesystem::create_symlink(other, directory + name);
      } else {
        ASSERT_EQ(mkfifo((directory + name).c_str(), 0600), 0);
      }
      const Status status = LmdbCache::Open(directory, options_).status();
      EXPECT_TRUE(status.Is(ErrorCode::kUnsupported)) << status.ToString();
      EXPECT_EQ(std::filesystem::file_size(other), 0u);
      std::filesystem::remove_all(directory);
    }
  }
}

TEST_F(DamagedPagesTest, AWriteNoticesThatTheFilesWereRemoved) {
  const auto cache = OpenLmdb(path_, options_);
  std::filesystem::remove_all(path_);
  const Status status = cache->backend()->SetRaw("p", "lost", kNoTtl);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("was removed"), std::string::npos);
  const auto again = OpenLmdb(path_, options_);
  EXPECT_TRUE(again->backend()->SetRaw("p", "kept", kNoTtl).ok());
  EXPECT_EQ(ValueIn(*again, "p"), "kept");
}

// With standard input and error closed, LMDB's files would be these.
TEST_F(DamagedPagesTest, NoDescriptorIsThatOfAStandardStream) {
  int saved[3];
  for (int fd = 0; fd < 3; ++fd) {
    saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    close(fd);
  }
  const auto count_inherited = [] {
    int inherited = 0;
    for (int fd = 3; fd < 100; ++fd) {
      const int flags = fcntl(fd, F_GETFD);
      inherited += flags != -1 && (flags & FD_CLOEXEC) == 0;
    }
    return inherited;
  };
  const int inherited_before = count_inherited();
  int open_streams = 0;
  int inherited = 0;
  {
    const auto cache = OpenLmdb(path_, options_);
    EXPECT_EQ(ValueIn(*cache, PathOf(50)), ValueOf(50));
    for (int fd = 0; fd < 3; ++fd) open_streams += fcntl(fd, F_GETFD) != -1;
    inherited = count_inherited();
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (saved[fd] < 0) continue;
    dup2(saved[fd], fd);
    close(saved[fd]);
  }
  EXPECT_EQ(open_streams, 0);
  EXPECT_EQ(inherited, inherited_before);
}

}  // namespace
}  // namespace appcache::lmdb::damaged_pages_test
