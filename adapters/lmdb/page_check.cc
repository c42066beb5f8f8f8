#include "adapters/lmdb/page_check.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/support/high_fd.h"

namespace appcache::lmdb {
namespace {

// The format of LMDB 0.9, in the byte order of this machine and with 64-bit
// page numbers, as on every machine that can open the file.
constexpr size_t kHeaderBytes = 16;
constexpr uint32_t kMagic = 0xBEEFC0DE;
constexpr uint32_t kVersion = 1;
constexpr uint64_t kNoPage = ~uint64_t{0};
constexpr uint64_t kFirstPage = 2;  // behind the meta pages
constexpr uint16_t kMaxDepth = 32;
constexpr size_t kTreeBytes = 48;
constexpr size_t kNodeBytes = 8;

enum PageFlags : uint16_t {
  kBranch = 0x01,
  kLeaf = 0x02,
  kOverflow = 0x04,
  kMeta = 0x08,
  kLeaf2 = 0x20,
  kSubPage = 0x40,
  kKinds = kBranch | kLeaf | kOverflow | kMeta | kLeaf2 | kSubPage,
};
enum NodeFlags : uint16_t { kBigData = 0x01, kSubTree = 0x02, kDuplicates = 4 };

template <class T>
T Read(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

struct Tree {
  explicit Tree(const char* from) noexcept
      : pad(Read<uint32_t>(from)),
        flags(Read<uint16_t>(from + 4)),
        depth(Read<uint16_t>(from + 6)),
        root(Read<uint64_t>(from + 40)) {}

  uint32_t pad;  // in a meta page, of the first tree: the size of a page
  uint16_t flags;
  uint16_t depth;
  uint64_t root;
};

struct MetaPage {
  explicit MetaPage(const char* page) noexcept
      : page_flags(Read<uint16_t>(page + 10)),
        magic(Read<uint32_t>(page + kHeaderBytes)),
        version(Read<uint32_t>(page + kHeaderBytes + 4)),
        free_pages(page + kHeaderBytes + 24),
        main(page + kHeaderBytes + 24 + kTreeBytes),
        last_page(Read<uint64_t>(page + kHeaderBytes + 24 + 2 * kTreeBytes)),
        transaction(Read<uint64_t>(page + kHeaderBytes + 32 + 2 * kTreeBytes)) {
  }
  static constexpr size_t kBytes = kHeaderBytes + 40 + 2 * kTreeBytes;

  bool is_ours() const noexcept {
    return (page_flags & kMeta) != 0 && magic == kMagic && version == kVersion;
  }

  uint16_t page_flags;
  uint32_t magic;
  uint32_t version;
  Tree free_pages;
  Tree main;
  uint64_t last_page;
  uint64_t transaction;
};

class File {
 public:
  explicit File(const std::string& path)
      : fd_(internal::MoveAboveStandard(open(
            path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))),
        error_(fd_ < 0 ? errno : 0) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int error() const noexcept { return error_; }
  uint64_t Size() const noexcept {
    struct stat info = {};
    return fstat(fd_, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  }
  // 0, MDB_CORRUPTED at the end of the file, or errno.
  int ReadAt(uint64_t at, char* to, size_t bytes) const noexcept {
    const ssize_t done = pread(fd_, to, bytes, static_cast<off_t>(at));
    if (done == static_cast<ssize_t>(bytes)) return 0;
    return done < 0 ? errno : MDB_CORRUPTED;
  }

 private:
  const int fd_;
  const int error_;
};

// Walks the trees from their roots, level by level.
class PageWalk {
 public:
  PageWalk(const File& file, size_t page_bytes, uint64_t last_page)
      : file_(file), last_page_(last_page), page_(page_bytes) {}

  int AddTree(const Tree& tree, bool holds_free_pages) {
    if (tree.root == kNoPage) return 0;
    if (tree.depth == 0 || tree.depth > kMaxDepth) return MDB_CORRUPTED;
    return Add({tree.root, tree.depth, holds_free_pages});
  }

  int Run() {
    while (!next_.empty() && MayRead(1)) {
      const Visit visit = next_.front();
      next_.pop_front();
      const int rc = CheckPage(visit);
      if (rc != 0) return rc;
    }
    return 0;
  }

 private:
  // Counts pages to read. False when they would be too many.
  bool MayRead(uint64_t pages) noexcept {
    if (pages > left_) return false;
    left_ -= pages;
    return true;
  }

  struct Visit {
    uint64_t page;
    uint16_t levels;  // down to the leaves, including this one
    bool holds_free_pages;
  };
  bool IsPage(uint64_t page) const noexcept {
    return page >= kFirstPage && page <= last_page_;
  }

  // A page belongs to one tree, once.
  int Add(const Visit& visit) {
    if (!IsPage(visit.page) || !seen_.insert(visit.page).second) {
      return MDB_CORRUPTED;
    }
    next_.push_back(visit);
    return 0;
  }

  int CheckPage(const Visit& visit) {
    const int rc =
        file_.ReadAt(visit.page * page_.size(), page_.data(), page_.size());
    if (rc != 0) return rc;
    const uint16_t kind = Read<uint16_t>(page_.data() + 10) & kKinds;
    const size_t lower = Read<uint16_t>(page_.data() + 12);
    const size_t upper = Read<uint16_t>(page_.data() + 14);
    const bool is_leaf = visit.levels == 1;
    if (Read<uint64_t>(page_.data()) != visit.page ||
        kind != (is_leaf ? kLeaf : kBranch) || lower < kHeaderBytes ||
        lower % 2 != 0 || upper < lower || upper > page_.size()) {
      return MDB_CORRUPTED;
    }
    const size_t nodes = (lower - kHeaderBytes) / 2;
    // LMDB asserts the second. It allows a single child for the free pages.
    if (nodes < 1 || (!is_leaf && !visit.holds_free_pages && nodes < 2)) {
      return MDB_CORRUPTED;
    }
    for (size_t i = 0; i < nodes; ++i) {
      const size_t at = Read<uint16_t>(page_.data() + kHeaderBytes + 2 * i);
      if (at < upper || at + kNodeBytes > page_.size()) return MDB_CORRUPTED;
      const int checked = is_leaf ? CheckLeafNode(at, visit.holds_free_pages)
                                  : CheckBranchNode(at, visit);
      if (checked != 0) return checked;
    }
    return 0;
  }

  int CheckBranchNode(size_t at, const Visit& visit) {
    const char* const node = page_.data() + at;
    const size_t key_bytes = Read<uint16_t>(node + 6);
    if (at + kNodeBytes + key_bytes > page_.size()) return MDB_CORRUPTED;
    const uint64_t child =
        Read<uint32_t>(node) | uint64_t{Read<uint16_t>(node + 4)} << 32;
    return Add({child, static_cast<uint16_t>(visit.levels - 1),
                visit.holds_free_pages});
  }

  int CheckLeafNode(size_t at, bool holds_free_pages) {
    const char* const node = page_.data() + at;
    const size_t bytes = Read<uint32_t>(node);
    const uint16_t flags = Read<uint16_t>(node + 4);
    const size_t data_at = at + kNodeBytes + Read<uint16_t>(node + 6);
    const bool is_big = (flags & kBigData) != 0;
    // The tables of a cache have no duplicates.
    if ((flags & kDuplicates) != 0 || data_at > page_.size() ||
        (is_big ? sizeof(uint64_t) : bytes) > page_.size() - data_at) {
      return MDB_CORRUPTED;
    }
    const char* const data = page_.data() + data_at;
    if (is_big)
      return CheckOverflow(Read<uint64_t>(data), bytes, holds_free_pages);
    if (holds_free_pages) return CheckFreePages(data, bytes);
    if ((flags & kSubTree) == 0) return 0;
    return bytes == kTreeBytes ? AddTree(Tree(data), false) : MDB_CORRUPTED;
  }

  int CheckOverflow(uint64_t first, size_t bytes, bool holds_free_pages) {
    if (!IsPage(first)) return MDB_CORRUPTED;
    if (!MayRead(1)) return 0;
    char header[kHeaderBytes];
    const int rc = file_.ReadAt(first * page_.size(), header, sizeof(header));
    if (rc != 0) return rc;
    const uint64_t pages = Read<uint32_t>(header + 12);
    const uint64_t needed =
        (kHeaderBytes + bytes + page_.size() - 1) / page_.size();
    if (Read<uint64_t>(header) != first ||
        (Read<uint16_t>(header + 10) & kKinds) != kOverflow || pages < needed ||
        pages > last_page_ - first + 1) {
      return MDB_CORRUPTED;
    }
    // The first of them is read already.
    if (!holds_free_pages || !MayRead(needed - 1)) return 0;
    std::vector<char> list(bytes);
    const int read = file_.ReadAt(first * page_.size() + kHeaderBytes,
                                  list.data(), list.size());
    return read != 0 ? read : CheckFreePages(list.data(), list.size());
  }

  // A list of page numbers, the largest first, behind their count.
  int CheckFreePages(const char* list, size_t bytes) const noexcept {
    if (bytes < sizeof(uint64_t)) return MDB_CORRUPTED;
    const uint64_t count = Read<uint64_t>(list);
    if (count > bytes / sizeof(uint64_t) - 1) return MDB_CORRUPTED;
    uint64_t above = last_page_ + 1;
    for (uint64_t i = 1; i <= count; ++i) {
      const auto page = Read<uint64_t>(list + i * sizeof(uint64_t));
      if (!IsPage(page) || page >= above) return MDB_CORRUPTED;
      above = page;
    }
    return 0;
  }

  const File& file_;
  const uint64_t last_page_;
  uint64_t left_ = kMaxCheckedPages;
  std::vector<char> page_;
  std::deque<Visit> next_;
  std::unordered_set<uint64_t> seen_;
};

}  // namespace

int CheckPages(const std::string& path) {
  constexpr size_t kLargestPage = size_t{64} << 10;
  const File file(path);
  if (file.error() == ENOENT) return 0;
  if (file.error() != 0) return file.error();
  const uint64_t size = file.Size();
  if (size == 0) return 0;
  char bytes[MetaPage::kBytes];
  int rc = file.ReadAt(0, bytes, sizeof(bytes));
  if (rc != 0) return rc;
  const MetaPage first(bytes);
  // Another program's, or another version's: LMDB says which.
  if (!first.is_ours()) return 0;
  const size_t page_bytes = first.free_pages.pad;
  if (!std::has_single_bit(page_bytes) || page_bytes < 512 ||
      page_bytes > kLargestPage) {
    return MDB_CORRUPTED;
  }
  rc = file.ReadAt(page_bytes, bytes, sizeof(bytes));
  if (rc != 0) return rc;
  const MetaPage second(bytes);
  if (!second.is_ours()) return 0;  // the same
  if (second.free_pages.pad != page_bytes) return MDB_CORRUPTED;
  const MetaPage& meta =
      first.transaction < second.transaction ? second : first;
  if (meta.last_page < 1 || meta.last_page >= size / page_bytes) {
    return MDB_CORRUPTED;
  }
  PageWalk walk(file, page_bytes, meta.last_page);
  rc = walk.AddTree(meta.free_pages, /*holds_free_pages=*/true);
  if (rc == 0) rc = walk.AddTree(meta.main, /*holds_free_pages=*/false);
  return rc == 0 ? walk.Run() : rc;
}

}  // namespace appcache::lmdb
