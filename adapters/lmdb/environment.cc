#include "adapters/lmdb/environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "adapters/lmdb/page_check.h"
#include "adapters/lmdb/schema.h"
#include "adapters/lmdb/status.h"
#include "adapters/lmdb/transaction.h"
#include "engine/lane/time_left.h"
#include "engine/support/high_fd.h"
#include "engine/support/side_file.h"

namespace appcache::lmdb {
namespace {

// MDB_NOTLS: a read transaction is not tied to a thread. MDB_NOMETASYNC: a
// commit waits until its data pages are on the disk, but not for the meta page
// that refers to them.
constexpr unsigned kFlags = MDB_NOTLS | MDB_NOMETASYNC;
constexpr mode_t kMode = 0600;

// How often a call remaps, as the map may grow again while it does.
constexpr int kMaxRemaps = 3;

// Allocates the blocks of lock.mdb, where readers register: LMDB maps it, and a
// write to a mapped page for which the disk has no room would crash the
// process. Returns 0 or errno. REQUIRES: this process does not have the file
// open, since closing it would release LMDB's locks.
int AllocateReaderTable(const std::string& directory) {
  // At least what LMDB needs: 64 bytes for each reader, and a header.
  constexpr off_t kBytes = 64 * (ReaderPool::kMaxSlots + 64);
  const auto access = internal::FileAccess::Of(directory + "/data.mdb");
  const int fd = internal::OpenSideFile(directory + "/lock.mdb", O_RDWR,
                                        /*create=*/true, access.OfWriters());
  if (fd < 0) return -fd;
  int error = 0;
  do {
    const int rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, kBytes);
    error = rc == 0 ? 0 : errno;
  } while (error == EINTR);
  close(fd);
  return error == EOPNOTSUPP ? 0 : error;
}

struct OldReaders {
  uint64_t last_commit;
  bool any = false;
};

// Receives a line of mdb_reader_list: process, thread and, for a read that is
// running, the number of the commit that it reads. LMDB reports that in no
// other way.
int OnReaderLine(const char* line, void* context) {
  auto& readers = *static_cast<OldReaders*>(context);
  const std::string_view fields(line);
  const size_t last = fields.find_last_of(' ');
  if (last == std::string_view::npos) return 0;
  char* end = nullptr;
  const uint64_t commit = std::strtoull(line + last + 1, &end, 10);
  const bool reads = *end == '\n' && end != line + last + 1;
  if (reads && commit < readers.last_commit) readers.any = true;
  return 0;
}

}  // namespace

Environment::Environment(std::string directory, uint64_t max_bytes,
                         internal::FileLock lock)
    : directory_(std::move(directory)),
      max_bytes_(max_bytes),
      lane_(directory_, std::move(lock)),
      limits_(max_bytes, static_cast<uint64_t>(sysconf(_SC_PAGESIZE))) {}

Result<std::shared_ptr<Environment>> Environment::Open(
    const std::string& directory, internal::FileLock lock, uint64_t max_bytes,
    std::chrono::milliseconds busy_timeout) {
  const std::shared_ptr<Environment> environment(
      new Environment(directory, max_bytes, std::move(lock)));
  // LMDB does not support two processes that open at the same time.
  const Result<internal::WriterLane::Held> held =
      environment->lane().Enter(busy_timeout);
  if (!held.ok()) return held.status();
  held->AssertHolds(environment->lane());
  Status status = environment->OpenFiles();
  if (status.ok()) status = environment->ExtendFile();
  if (!status.ok()) return status;
  environment->lane().KeepReserve();
  environment->readers_.emplace(environment->env_.get());

  Transaction txn;
  int rc = environment->Begin(busy_timeout, txn.out());
  if (rc != 0) return Failure(rc, "open", directory);
  status = OpenTables(txn.get(), directory, environment->tables_);
  if (!status.ok()) return status;
  rc = txn.Commit();
  if (rc != 0) return Failure(rc, "open", directory);
  return environment;
}

// The map is not smaller than the file, which may have grown under a larger
// max_bytes: LMDB would reduce the map to the pages in use, and no page would
// be left for a change.
Status Environment::OpenFiles() {
  const std::string path = directory_ + "/data.mdb";
  if (const int damage = CheckPages(path); damage != 0) {
    return Failure(damage, "open", directory_);
  }
  // LMDB does not care which descriptors it gets.
  const internal::StandardFdsOccupied occupied;
  struct stat file = {};
  const bool exists = stat(path.c_str(), &file) == 0;
  const uint64_t map_bytes =
      exists ? std::max(max_bytes_, static_cast<uint64_t>(file.st_size))
             : max_bytes_;
  int rc = AllocateReaderTable(directory_);
  MDB_env* env = nullptr;
  if (rc == 0) rc = mdb_env_create(&env);
  env_.reset(env);
  if (rc == 0) rc = mdb_env_set_mapsize(env, map_bytes);
  if (rc == 0) rc = mdb_env_set_maxreaders(env, ReaderPool::kMaxSlots);
  if (rc == 0) rc = mdb_env_set_maxdbs(env, kNamedTables);
  if (rc == 0) rc = mdb_env_open(env, directory_.c_str(), kFlags, kMode);
  // LMDB creates it for this user. Readers write to it too.
  if (rc == 0) {
    internal::GiveAccessAt(directory_ + "/lock.mdb",
                           internal::FileAccess::Of(path).OfWriters());
  }
  // LMDB 0.9.24 opens data.mdb without O_CLOEXEC.
  mdb_filehandle_t fd = -1;
  if (rc == 0) rc = mdb_env_get_fd(env, &fd);
  if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) rc = errno;
  MDB_stat stat;
  if (rc == 0) rc = mdb_env_stat(env, &stat);
  if (rc != 0) return Failure(rc, "open", directory_);
  limits_ = Limits(max_bytes_, stat.ms_psize);
  return Status();
}

Status Environment::CheckNotRemoved() const {
  mdb_filehandle_t file = -1;
  struct stat info = {};
  if (mdb_env_get_fd(env_.get(), &file) != 0 || fstat(file, &info) != 0 ||
      info.st_nlink > 0) {
    return Status();
  }
  return Status(ErrorCode::kUnavailable,
                "cannot write to the LMDB cache " + directory_ +
                    ": it was removed since this cache opened it; close the "
                    "cache, and open it again");
}

// Reading a mapped page beyond the end of the file would crash the process. So
// the file has the size of the map from the beginning, and a file that is
// shorter than the pages in use was truncated.
Status Environment::ExtendFile() {
  MDB_envinfo info;
  mdb_filehandle_t file = -1;
  struct stat stat = {};
  int rc = mdb_env_info(env_.get(), &info);
  if (rc == 0) rc = mdb_env_get_fd(env_.get(), &file);
  if (rc == 0 && fstat(file, &stat) != 0) rc = errno;
  if (rc != 0) return Failure(rc, "open", directory_);
  const auto size = static_cast<uint64_t>(stat.st_size);
  if (size < (info.me_last_pgno + 1) * limits_.page_bytes) {
    return Failure(MDB_CORRUPTED, "open", directory_);
  }
  if (size < info.me_mapsize &&
      ftruncate(file, static_cast<off_t>(info.me_mapsize)) != 0) {
    return Failure(errno, "open", directory_);
  }
  return Status();
}

int Environment::Remap(std::chrono::milliseconds busy_timeout) {
  if (!readers_->Pause(busy_timeout)) return MDB_READERS_FULL;
  const int rc = mdb_env_set_mapsize(env_.get(), 0);
  if (rc != 0) {
    // LMDB has already unmapped the old map.
    has_map_ = false;
    readers_->Close();
  }
  readers_->Resume();
  return rc;
}

int Environment::Begin(std::chrono::milliseconds busy_timeout, MDB_txn*& txn) {
  for (int remaps = 0;; ++remaps) {
    if (!has_map_) return MDB_PANIC;
    int rc = mdb_txn_begin(env_.get(), nullptr, 0, &txn);
    if (rc != MDB_MAP_RESIZED || remaps == kMaxRemaps) return rc;
    rc = Remap(busy_timeout);
    if (rc != 0) return rc;
  }
}

Status Environment::RetryRead(int rc, std::chrono::milliseconds busy_timeout,
                              MDB_txn*& txn) {
  const internal::TimeLeft left(busy_timeout);
  for (int remaps = 0; rc == MDB_MAP_RESIZED && remaps < kMaxRemaps; ++remaps) {
    const Result<internal::WriterLane::Held> held = lane_.Enter(left.Get());
    if (!held.ok()) return held.status();
    held->AssertHolds(lane_);
    rc = has_map_ ? Remap(left.Get()) : MDB_PANIC;
    if (rc == 0) rc = readers_->Acquire(left.Get(), txn);
  }
  return rc == 0 ? Status() : Failure(rc, "read from", directory_);
}

int Environment::CommitNothing(std::chrono::milliseconds busy_timeout) {
  Transaction txn;
  int rc = Begin(busy_timeout, txn.out());
  if (rc == 0) rc = StoreSchema(txn.get(), tables_);
  return rc == 0 ? txn.Commit() : rc;
}

bool Environment::HasOldReader() {
  int dead = 0;
  mdb_reader_check(env_.get(), &dead);
  MDB_envinfo info;
  if (mdb_env_info(env_.get(), &info) != 0) return false;
  OldReaders readers{info.me_last_txnid};
  mdb_reader_list(env_.get(), OnReaderLine, &readers);
  return readers.any;
}

}  // namespace appcache::lmdb
