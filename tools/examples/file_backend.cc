#include "tools/examples/file_backend.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace examples {
namespace {

using appcache::BackendTraits;
using appcache::Bytes;
using appcache::ErrorCode;
using appcache::Lookup;
using appcache::Status;
using appcache::TimePoint;
using appcache::WithoutExceptions;

// The first bytes of a file; the key path and the value follow. In the byte
// order of the machine: files are not meant to move to another one.
struct Header {
  std::array<char, 8> magic;
  int64_t expiry;  // in microseconds since the Unix epoch; 0: never
  uint64_t path_bytes;
  uint64_t value_bytes;
};
constexpr std::array<char, 8> kMagic = {'a', 'p', 'p', 'f', 'i', 'l', 'e', '1'};
constexpr std::string_view kSuffix = ".entry";
constexpr size_t kNameDigits = 16;

// The error for a system call that failed with `number`.
Status FromErrno(std::string_view what, const std::string& file, int number) {
  const ErrorCode code =
      number == ENOSPC || number == EDQUOT || number == ENOMEM
          ? ErrorCode::kFull
      : number == EFBIG ? ErrorCode::kTooLarge
                        : ErrorCode::kUnavailable;
  return Status(code,
                "cannot " + std::string(what) + " " + file + ": " +
                    std::generic_category().message(number),
                number);
}

// FNV-1a, which is the same in every build: file names depend on it.
uint64_t Hash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

// True for names that FileOf makes.
bool IsEntryName(std::string_view name) {
  return name.size() == kNameDigits + kSuffix.size() &&
         name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789abcdef") == kNameDigits;
}

// Owns a file descriptor.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return fd_ >= 0; }

  // Appends the rest of the file. On failure, returns false and sets errno.
  bool ReadAll(std::string& contents) const {
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
      if (size == 0) return true;
      if (size > 0) {
        contents.append(buffer.data(), static_cast<size_t>(size));
      } else if (errno != EINTR) {
        return false;
      }
    }
  }

  // On failure, returns false and sets errno. So does Close.
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
      if (size >= 0) {
        bytes.remove_prefix(static_cast<size_t>(size));
      } else if (errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  // Some file systems report a failed write only here.
  bool Close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

Lookup<Bytes> ReadEntry(const std::string& name, std::string_view path,
                        TimePoint now) {
  const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return Lookup<Bytes>::Miss();
    return Lookup<Bytes>::Failed(FromErrno("open", name, errno));
  }
  std::string contents;
  if (!file.ReadAll(contents)) {
    return Lookup<Bytes>::Failed(FromErrno("read", name, errno));
  }
  Header header{};
  std::string_view rest = contents;
  if (rest.size() >= sizeof(header)) {
    std::memcpy(&header, rest.data(), sizeof(header));
    rest.remove_prefix(sizeof(header));
  }
  if (header.magic != kMagic || header.path_bytes > rest.size() ||
      header.value_bytes != rest.size() - header.path_bytes) {
    return Lookup<Bytes>::Failed(Status(
        ErrorCode::kCorrupt,
        name + " is not a complete entry: set its key again, or delete it"));
  }
  const bool is_expired =
      header.expiry != 0 && now.time_since_epoch().count() >= header.expiry;
  if (is_expired || rest.substr(0, header.path_bytes) != path) {
    return Lookup<Bytes>::Miss();
  }
  return Lookup<Bytes>::Hit(Bytes::Copy(rest.substr(header.path_bytes)));
}

// `expiry` as in Header.
Status WriteEntry(const std::string& name, std::string_view path,
                  std::string_view value, int64_t expiry) {
  const Header header{kMagic, expiry, path.size(), value.size()};
  std::string temporary = name + ".tmp-XXXXXX";
  File file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.is_open()) return FromErrno("create", temporary, errno);
  if (file.Write({reinterpret_cast<const char*>(&header), sizeof(header)}) &&
      file.Write(path) && file.Write(value) && file.Close() &&
      std::rename(temporary.c_str(), name.c_str()) == 0) {
    return Status();
  }
  const int number = errno;
  ::unlink(temporary.c_str());
  return FromErrno("write", name, number);
}

Status RemoveFile(const std::string& name) {
  if (::unlink(name.c_str()) == 0 || errno == ENOENT) return Status();
  return FromErrno("remove", name, errno);
}

}  // namespace

appcache::Result<std::shared_ptr<FileBackend>> FileBackend::Open(
    std::string directory, std::shared_ptr<const appcache::Clock> clock) {
  if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    return FromErrno("create the directory", directory, errno);
  }
  std::error_code unknown;
  if (!std::filesystem::is_directory(directory, unknown)) {
    return FromErrno("use", directory, ENOTDIR);
  }
  return std::make_shared<FileBackend>(std::move(directory), std::move(clock));
}

FileBackend::FileBackend(std::string directory,
                         std::shared_ptr<const appcache::Clock> clock)
    : directory_(std::move(directory)), clock_(std::move(clock)) {
  assert(clock_ != nullptr);
}

std::string FileBackend::FileOf(std::string_view path) const {
  std::array<char, kNameDigits + 1> digits;
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, Hash(path));
  return directory_ + "/" + digits.data() + std::string(kSuffix);
}

Lookup<Bytes> FileBackend::GetRaw(std::string_view path) {
  return WithoutExceptions<Lookup<Bytes>>(
      [&] { return ReadEntry(FileOf(path), path, clock_->Now()); });
}

Status FileBackend::SetRaw(std::string_view path, std::string_view value,
                           appcache::Ttl ttl) {
  return WithoutExceptions<Status>([&] {
    const int64_t expiry =
        ttl == appcache::kNoTtl
            ? 0
            : (clock_->Now() + ttl).time_since_epoch().count();
    return WriteEntry(FileOf(path), path, value, expiry);
  });
}

Status FileBackend::InvalidateRaw(std::string_view path) {
  return WithoutExceptions<Status>([&] { return RemoveFile(FileOf(path)); });
}

Status FileBackend::ClearRaw() {
  return WithoutExceptions<Status>([&]() -> Status {
    std::error_code error;
    std::filesystem::directory_iterator files(directory_, error);
    for (; !error && files != std::filesystem::directory_iterator();
         files.increment(error)) {
      if (!IsEntryName(files->path().filename().string())) continue;
      Status removed = RemoveFile(files->path().string());
      if (!removed.ok()) return removed;
    }
    return error ? FromErrno("list", directory_, error.value()) : Status();
  });
}

BackendTraits FileBackend::Traits() const {
  BackendTraits traits;
  traits.name = "file";
  traits.location = directory_;
  traits.cleared = "every entry in the directory, whatever its prefix";
  traits.is_shared = true;
  traits.is_persistent = true;
  return traits;
}

}  // namespace examples
