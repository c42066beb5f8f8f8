#include "engine/uri/scheme_registry.h"

#include <array>
#include <atomic>
#include <new>
#include <optional>
#include <string>

namespace appcache::internal {
namespace {

// Null: not linked. Initialised at compile time, because constructors of static
// objects register openers. Atomic, because a library that is loaded while
// threads run registers its openers then.
constinit std::array<std::atomic<Opener>, std::size(kKnownSchemes)> openers{};

std::optional<size_t> IndexOf(std::string_view scheme) {
  for (size_t i = 0; i < std::size(kKnownSchemes); ++i) {
    if (kKnownSchemes[i].name == scheme) return i;
  }
  return std::nullopt;
}

// The message does not contain the scheme: the text before the first colon may
// be the start of a password.
Status UnknownScheme() {
  std::string message(
      "invalid cache URI: its scheme is unknown; the known forms are");
  for (const KnownScheme& known : kKnownSchemes) {
    message.append(&known == kKnownSchemes ? " " : ", ").append(known.form);
  }
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

// The CMake target has the name of the Bazel target, in the namespace appcache.
Status NotLinked(const KnownScheme& scheme) {
  const std::string_view name =
      scheme.target.substr(scheme.target.find(':') + 1);
  return Status(ErrorCode::kUnsupported,
                "cannot open a cache by a " + std::string(scheme.name) +
                    ": URI: this program does not link its backend; link " +
                    std::string(scheme.target) +
                    " (CMake: appcache::" + std::string(name) + ")");
}

}  // namespace

SchemeRegistrar::SchemeRegistrar(SchemeIndex scheme, Opener opener) noexcept {
  openers[scheme.value()].store(opener);
}

bool IsLinked(const KnownScheme& scheme) {
  const std::optional<size_t> index = IndexOf(scheme.name);
  return index && openers[*index].load() != nullptr;
}

Result<std::unique_ptr<Cache>> OpenUri(const Uri& uri, CacheOptions defaults) {
  const std::optional<size_t> index = IndexOf(uri.scheme);
  if (!index) return UnknownScheme();
  const Opener opener = openers[*index].load();
  if (opener == nullptr) return NotLinked(kKnownSchemes[*index]);
  UriOptions given(uri);
  given.Text("prefix", defaults.prefix);
  return opener(uri, std::move(defaults), given);
}

Status InvalidUri(const Uri& uri, std::string_view reason) {
  std::string message("invalid cache URI: ");
  message.append(reason);
  if (const auto index = IndexOf(uri.scheme)) {
    message.append("; write it as ").append(kKnownSchemes[*index].form);
  }
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status ExpectPathOnly(const Uri& uri) {
  if (!uri.user.empty() || !uri.password.empty() || !uri.hosts.empty()) {
    return InvalidUri(
        uri, "a " + uri.scheme + " cache has no user, password or host");
  }
  if (uri.path.empty()) return InvalidUri(uri, "the path is missing");
  return Status();
}

}  // namespace appcache::internal
