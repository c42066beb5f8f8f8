#include "tests/fault/faulty_vfs.h"

#include <sqlite3.h>

#include <cassert>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace appcache {

std::string_view ToString(VfsCall call) noexcept {
  switch (call) {
    case VfsCall::kOpen:
      return "open";
    case VfsCall::kDelete:
      return "delete";
    case VfsCall::kAccess:
      return "access";
    case VfsCall::kRead:
      return "read";
    case VfsCall::kWrite:
      return "write";
    case VfsCall::kTruncate:
      return "truncate";
    case VfsCall::kSync:
      return "sync";
    case VfsCall::kFileSize:
      return "file size";
    case VfsCall::kLock:
      return "lock";
    case VfsCall::kShmMap:
      return "shm map";
    case VfsCall::kShmLock:
      return "shm lock";
  }
  return "unknown";
}

class FaultyVfs::Impl {
 public:
  explicit Impl(const std::string& name) : name_(name) {
    vfs_ = *real_;
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = Open;
    vfs_.xDelete = Delete;
    vfs_.xAccess = Access;
    vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
    [[maybe_unused]] const int rc = sqlite3_vfs_register(&vfs_, 0);
    assert(rc == SQLITE_OK);
  }
  ~Impl() { sqlite3_vfs_unregister(&vfs_); }

  const std::string& name() const noexcept { return name_; }

  void Inject(const VfsFault& fault) {
    std::lock_guard<std::mutex> guard(mutex_);
    fault_ = fault;
    calls_ = 0;
    injected_ = 0;
    log_.clear();
  }

  void Heal() {
    std::lock_guard<std::mutex> guard(mutex_);
    fault_.reset();
  }

  uint64_t calls() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return calls_;
  }

  uint64_t injected() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return injected_;
  }

  std::string log() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return log_;
  }

  void InterruptAt(uint64_t n, std::function<void()> interrupt) {
    std::lock_guard<std::mutex> guard(mutex_);
    until_interrupt_ = n;
    interrupted_thread_ = std::this_thread::get_id();
    interrupt_ = std::move(interrupt);
  }

  void Limit(std::optional<uint64_t> bytes) {
    std::lock_guard<std::mutex> guard(mutex_);
    limit_ = bytes;
  }

  uint64_t bytes() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return Sum();
  }

 private:
  // Behind it lies the file of the real VFS.
  struct File {
    sqlite3_file base;
    Impl* owner;
    std::string* path;
    uint64_t chunk;  // 0: the file grows by what is written

    uint64_t Rounded(sqlite3_int64 size) const {
      const auto bytes = static_cast<uint64_t>(size);
      return chunk == 0 ? bytes : (bytes + chunk - 1) / chunk * chunk;
    }
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static_assert(sizeof(File) % alignof(void*) == 0);

  static Impl& Of(sqlite3_vfs* vfs) {
    return *static_cast<Impl*>(vfs->pAppData);
  }
  static File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& [path, size] : sizes_) sum += size;
    return sum;
  }

  void Note(VfsCall call, const std::string& path, int code) {
    ++injected_;
    if (injected_ > kLoggedFailures) return;
    log_.append(appcache::ToString(call)).append(" ");
    log_.append(std::to_string(calls_)).append(" of ");
    log_.append(path.substr(path.rfind('/') + 1)).append(" failed with ");
    log_.append(std::to_string(code)).append("\n");
  }

  // The interrupt, if it is its turn.
  std::function<void()> TakeInterrupt() {
    std::lock_guard<std::mutex> guard(mutex_);
    if (until_interrupt_ == 0 ||
        interrupted_thread_ != std::this_thread::get_id() ||
        --until_interrupt_ > 0) {
      return nullptr;
    }
    return std::exchange(interrupt_, nullptr);
  }

  // The fault, if this call is one that is to fail.
  std::optional<VfsFault> Strike(VfsCall call, const std::string& path) {
    if (const auto interrupt = TakeInterrupt()) interrupt();
    std::lock_guard<std::mutex> guard(mutex_);
    if (!fault_ || fault_->call != call) return std::nullopt;
    ++calls_;
    if (calls_ < fault_->first || injected_ >= fault_->failures) {
      return std::nullopt;
    }
    Note(call, path, fault_->code);
    return fault_;
  }

  // SQLITE_OK, or how the call is to fail.
  int Check(VfsCall call, const std::string& path) {
    const std::optional<VfsFault> fault = Strike(call, path);
    return fault ? fault->code : SQLITE_OK;
  }

  // Makes room for a file that is to be so large; false when there is none.
  bool Grow(const std::string& path, uint64_t size) {
    std::lock_guard<std::mutex> guard(mutex_);
    uint64_t& known = sizes_[path];
    if (size <= known) return true;
    if (limit_ && Sum() - known + size > *limit_) {
      Note(VfsCall::kWrite, path, SQLITE_FULL);
      return false;
    }
    known = size;
    return true;
  }

  void SetSize(const std::string& path, uint64_t size) {
    std::lock_guard<std::mutex> guard(mutex_);
    sizes_[path] = size;
  }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file,
                  int flags, int* out_flags) {
    Impl& self = Of(vfs);
    File& shim = Of(file);
    file->pMethods = nullptr;
    const std::string name(path != nullptr ? path : "");
    if (const int rc = self.Check(VfsCall::kOpen, name)) return rc;
    const int rc =
        self.real_->xOpen(self.real_, path, shim.real(), flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    shim.owner = &self;
    shim.path = new std::string(name);
    shim.chunk = 0;
    sqlite3_int64 size = 0;
    if (shim.real()->pMethods->xFileSize(shim.real(), &size) == SQLITE_OK) {
      self.SetSize(name, static_cast<uint64_t>(size));
    }
    file->pMethods = &kMethods;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* vfs, const char* path, int) {
    Impl& self = Of(vfs);
    if (const int rc = self.Check(VfsCall::kDelete, path)) return rc;
    const int rc = self.real_->xDelete(self.real_, path, /*syncDir=*/0);
    if (rc == SQLITE_OK) self.SetSize(path, 0);
    return rc;
  }

  static int Access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    Impl& self = Of(vfs);
    if (const int rc = self.Check(VfsCall::kAccess, path)) return rc;
    return self.real_->xAccess(self.real_, path, flags, out);
  }

  static int Close(sqlite3_file* file) {
    File& shim = Of(file);
    delete shim.path;
    return shim.real()->pMethods->xClose(shim.real());
  }

  static int Read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
    File& shim = Of(file);
    if (const int rc = shim.owner->Check(VfsCall::kRead, *shim.path)) return rc;
    return shim.real()->pMethods->xRead(shim.real(), to, bytes, at);
  }

  static int Write(sqlite3_file* file, const void* from, int bytes,
                   sqlite3_int64 at) {
    File& shim = Of(file);
    sqlite3_file* const real = shim.real();
    const auto fault = shim.owner->Strike(VfsCall::kWrite, *shim.path);
    if (fault && !fault->torn) return fault->code;
    const int part = fault ? bytes / 2 : bytes;
    if (!shim.owner->Grow(*shim.path, static_cast<uint64_t>(at + part))) {
      return SQLITE_FULL;
    }
    const int rc = real->pMethods->xWrite(real, from, part, at);
    return fault ? fault->code : rc;
  }

  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    File& shim = Of(file);
    if (const int rc = shim.owner->Check(VfsCall::kTruncate, *shim.path)) {
      return rc;
    }
    const int rc = shim.real()->pMethods->xTruncate(shim.real(), size);
    if (rc == SQLITE_OK) {
      shim.owner->SetSize(*shim.path, shim.Rounded(size));
    }
    return rc;
  }

  // As SQLite's own VFS does it: a file grows and shrinks by chunks.
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    File& shim = Of(file);
    if (operation == SQLITE_FCNTL_CHUNK_SIZE) {
      shim.chunk = static_cast<uint64_t>(*static_cast<int*>(argument));
    } else if (operation == SQLITE_FCNTL_SIZE_HINT && shim.chunk > 0 &&
               !shim.owner->Grow(
                   *shim.path,
                   shim.Rounded(*static_cast<sqlite3_int64*>(argument)))) {
      return SQLITE_IOERR_WRITE;
    }
    sqlite3_file* const real = shim.real();
    return real->pMethods->xFileControl(real, operation, argument);
  }

  static int Sync(sqlite3_file* file, int) {
    File& shim = Of(file);
    return shim.owner->Check(VfsCall::kSync, *shim.path);
  }

  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    File& shim = Of(file);
    if (const int rc = shim.owner->Check(VfsCall::kFileSize, *shim.path)) {
      return rc;
    }
    return shim.real()->pMethods->xFileSize(shim.real(), size);
  }

  static int Lock(sqlite3_file* file, int level) {
    File& shim = Of(file);
    if (const int rc = shim.owner->Check(VfsCall::kLock, *shim.path)) return rc;
    return shim.real()->pMethods->xLock(shim.real(), level);
  }

  static int ShmMap(sqlite3_file* file, int region, int bytes, int extend,
                    void volatile** memory) {
    File& shim = Of(file);
    if (const int rc = shim.owner->Check(VfsCall::kShmMap, *shim.path)) {
      *memory = nullptr;
      return rc;
    }
    return shim.real()->pMethods->xShmMap(shim.real(), region, bytes, extend,
                                          memory);
  }

  static int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
    File& shim = Of(file);
    if ((flags & SQLITE_SHM_UNLOCK) == 0) {
      const int rc = shim.owner->Check(VfsCall::kShmLock, *shim.path);
      if (rc != SQLITE_OK) return rc;
    }
    return shim.real()->pMethods->xShmLock(shim.real(), offset, n, flags);
  }

  // A method that only calls the real file's.
  template <auto method, class... Args>
  static auto Pass(sqlite3_file* file, Args... args) {
    sqlite3_file* const real = Of(file).real();
    return (real->pMethods->*method)(real, args...);
  }

  static constexpr uint64_t kLoggedFailures = 20;
  static const sqlite3_io_methods kMethods;

  sqlite3_vfs* const real_ = sqlite3_vfs_find(nullptr);
  const std::string name_;
  sqlite3_vfs vfs_;

  mutable std::mutex mutex_;  // guards all below
  std::optional<VfsFault> fault_;
  uint64_t calls_ = 0;  // of the fault's kind
  uint64_t injected_ = 0;
  std::string log_;
  uint64_t until_interrupt_ = 0;
  std::thread::id interrupted_thread_;
  std::function<void()> interrupt_;
  std::optional<uint64_t> limit_;
  std::map<std::string, uint64_t> sizes_;
};

// Version 2: no memory-mapped pages, whose failures are signals.
const sqlite3_io_methods FaultyVfs::Impl::kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Pass<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = Pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = FileControl,
    .xSectorSize = Pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = Pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = Pass<&sqlite3_io_methods::xShmBarrier>,
    .xShmUnmap = Pass<&sqlite3_io_methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

FaultyVfs::FaultyVfs(const std::string& name)
    : impl_(std::make_unique<Impl>(name)) {}
FaultyVfs::~FaultyVfs() = default;
const std::string& FaultyVfs::name() const noexcept { return impl_->name(); }
void FaultyVfs::Inject(const VfsFault& fault) { impl_->Inject(fault); }
void FaultyVfs::Heal() { impl_->Heal(); }
uint64_t FaultyVfs::calls() const { return impl_->calls(); }
uint64_t FaultyVfs::injected() const { return impl_->injected(); }
std::string FaultyVfs::log() const { return impl_->log(); }
void FaultyVfs::InterruptAt(uint64_t n, std::function<void()> interrupt) {
  impl_->InterruptAt(n, std::move(interrupt));
}
void FaultyVfs::LimitBytes(uint64_t bytes) { impl_->Limit(bytes); }
void FaultyVfs::LiftLimit() { impl_->Limit(std::nullopt); }
uint64_t FaultyVfs::bytes() const { return impl_->bytes(); }

}  // namespace appcache
