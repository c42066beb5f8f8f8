#include "tools/command/exec/run_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "tools/command/io/fd.h"
#include "tools/command/text/byte_codec.h"
#include "tools/command/text/text.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::command {
namespace {

// The PATH of execvp when none is set.
constexpr const char* kDefaultPath = "/bin:/usr/bin";

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kName = "name:";

// The byte before a value that may be missing.
constexpr char kAbsent = 0;
constexpr char kPresent = 1;

std::string_view Canonical(const XXH128_hash_t& hash,
                           XXH128_canonical_t& bytes) {
  XXH128_canonicalFromHash(&bytes, hash);
  return {reinterpret_cast<const char*>(bytes.digest), sizeof(bytes.digest)};
}

// Appends the size and the hash of the file's content.
Status AppendContent(int fd, const std::string& path, ByteWriter& value) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(
      XXH3_createState(), XXH3_freeState);
  if (state == nullptr) return Status::OutOfMemory();
  XXH3_128bits_reset(state.get());
  uint64_t total = 0;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileFailure("read", path, errno);
    if (size == 0) break;
    XXH3_128bits_update(state.get(), buffer.data(), static_cast<size_t>(size));
    total += static_cast<uint64_t>(size);
  }
  XXH128_canonical_t hash;
  value.Number(total);
  value.Raw(Canonical(XXH3_128bits_digest(state.get()), hash));
  return Status();
}

Status AppendFile(const std::string& path, ByteWriter& value) {
  // O_NONBLOCK: opening a pipe, which is an error below, must not block.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.is_open()) {
    if (errno != ENOENT) return FileFailure("open", path, errno);
    value.Number(kAbsent);
    return Status();
  }
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FileFailure("read", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Status(ErrorCode::kInvalidArgument,
                  "--scope file:PATH needs a regular file; " + Quoted(path) +
                      " is not one");
  }
  value.Number(kPresent);
  return AppendContent(fd.get(), path, value);
}

Status AppendDirectory(ByteWriter& value) {
  std::error_code error;
  const std::string path = std::filesystem::current_path(error);
  if (error) {
    return SystemFailure("find", "the current directory", error.value());
  }
  value.Raw(path);
  return Status();
}

Status AppendValue(const Scope& scope, ByteWriter& value) {
  switch (scope.kind) {
    case Scope::Kind::kDirectory:
      return AppendDirectory(value);
    case Scope::Kind::kFile:
      return AppendFile(scope.name, value);
    case Scope::Kind::kName:
      return Status();
    case Scope::Kind::kEnvironment:
      const char* const text = std::getenv(scope.name.c_str());
      value.Number(text == nullptr ? kAbsent : kPresent);
      if (text != nullptr) value.Raw(text);
  }
  return Status();
}

// An absolute path for a relative one. Does not resolve links.
Result<std::string> Absolute(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error);
  if (error) {
    return SystemFailure("find", "the current directory", error.value());
  }
  return absolute;
}

bool IsExecutable(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

// The file that execvp would execute for `program`, as an absolute path; empty
// when there is none. The same words do not run the same program in another
// directory, or with another PATH.
Result<std::string> ProgramFile(const std::string& program) {
  if (program.find('/') != std::string::npos) return Absolute(program);
  if (program.empty()) return std::string();
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? kDefaultPath : variable;
  for (;;) {
    const size_t colon = rest.find(':');
    std::string path(rest.substr(0, colon));
    // An empty element is the current directory.
    path = path.empty() ? "./" + program : path + "/" + program;
    if (IsExecutable(path)) return Absolute(path);
    if (colon == std::string_view::npos) return std::string();
    rest.remove_prefix(colon + 1);
  }
}

// "evn:" of "evn:HOME".
bool StartsLikeAKind(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  return std::all_of(
      text.begin(), text.begin() + static_cast<long>(colon),
      [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

bool ReadScope(std::string_view part, IdentityParts::ScopeValue& scope) {
  ByteReader reader(part);
  char kind = 0;
  std::string_view value;
  if (!reader.Number(kind) || !reader.Prefixed(scope.name) ||
      !reader.Prefixed(value) || !reader.rest().empty()) {
    return false;
  }
  scope.kind = static_cast<Scope::Kind>(kind);
  if (scope.kind == Scope::Kind::kDirectory) scope.directory = value;
  return std::string_view("defn").find(kind) != std::string_view::npos;
}

}  // namespace

Result<Scope> ParseScope(std::string_view text) {
  if (text == "cwd") return Scope{Scope::Kind::kDirectory, std::string()};
  if (text.starts_with(kEnvironment)) {
    const std::string name(text.substr(kEnvironment.size()));
    if (!name.empty() && name.find('=') == std::string::npos) {
      return Scope{Scope::Kind::kEnvironment, name};
    }
  }
  if (text.starts_with(kFile) && text.size() > kFile.size()) {
    return Scope{Scope::Kind::kFile, std::string(text.substr(kFile.size()))};
  }
  if (text.starts_with(kName) && text.size() > kName.size()) {
    return Scope{Scope::Kind::kName, std::string(text.substr(kName.size()))};
  }
  if (!text.empty() && !StartsLikeAKind(text)) {
    return Scope{Scope::Kind::kName, std::string(text)};
  }
  return Status(ErrorCode::kInvalidArgument,
                Quoted(text) +
                    " is not a scope; write cwd, env:NAME, file:PATH, or a "
                    "name, if need be as name:NAME");
}

Result<std::string> RunIdentity(std::span<const std::string> command,
                                std::span<const Scope> scopes) {
  std::vector<std::string> parts;
  for (const Scope& scope : scopes) {
    ByteWriter value;
    Status read = AppendValue(scope, value);
    if (!read.ok()) return read;
    ByteWriter part;
    part.Number(static_cast<char>(scope.kind));
    part.Prefixed(scope.name);
    part.Prefixed(value.view());
    parts.push_back(part.Take());
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());

  const Result<std::string> program =
      ProgramFile(command.empty() ? std::string() : command.front());
  if (!program.ok()) return program.status();
  ByteWriter identity;
  identity.Prefixed(*program);
  identity.Number<uint64_t>(command.size());
  for (const std::string& word : command) identity.Prefixed(word);
  identity.Number<uint64_t>(parts.size());
  for (const std::string& part : parts) identity.Prefixed(part);
  return identity.Take();
}

std::optional<IdentityParts> ParseIdentity(std::string_view identity) {
  IdentityParts parts;
  ByteReader reader(identity);
  uint64_t count = 0;
  if (!reader.Prefixed(parts.program) || !reader.Number(count)) return {};
  for (; count > 0; --count) {
    if (!reader.Prefixed(parts.words.emplace_back())) return {};
  }
  if (!reader.Number(count)) return {};
  for (; count > 0; --count) {
    std::string_view part;
    if (!reader.Prefixed(part) ||
        !ReadScope(part, parts.scopes.emplace_back())) {
      return {};
    }
  }
  if (!reader.rest().empty()) return {};
  return parts;
}

std::string RunKey(std::string_view identity) {
  constexpr char kHex[] = "0123456789abcdef";
  XXH128_canonical_t bytes;
  std::string key;
  for (const char byte :
       Canonical(XXH3_128bits(identity.data(), identity.size()), bytes)) {
    key += kHex[static_cast<uint8_t>(byte) >> 4];
    key += kHex[static_cast<uint8_t>(byte) & 15];
  }
  return key;
}

}  // namespace appcache::command
