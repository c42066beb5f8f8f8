#include "engine/uri/scheme_registry.h"

#include <array>
#include <atomic>
#include <new>
#include <optional>
#include <string>

namespace appcache {
namespace {

// Null: not linked. Initialised before any constructor of namespace scope runs.
// Atomic, for a library that is loaded later registers then.
constinit std::array<std::atomic<Opener>, std::size(kKnownSchemes)> openers{};

std::optional<size_t> IndexOf(std::string_view scheme) {
  for (size_t i = 0; i < std::size(kKnownSchemes); ++i) {
    if (kKnownSchemes[i].name == scheme) return i;
  }
  return std::nullopt;
}

// The scheme itself is not shown: what stands before the first colon may be the
// begin of a password.
Status UnknownScheme() {
  std::string message(
      "the URI of the cache has a scheme that is not known; known are");
  for (const KnownScheme& known : kKnownSchemes) {
    message.append(&known == kKnownSchemes ? " " : ", ").append(known.form);
  }
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status NotLinked(const KnownScheme& scheme) {
  return Status(ErrorCode::kUnsupported,
                "this program was built without a cache for " +
                    std::string(scheme.name) + ": URIs; link " +
                    std::string(scheme.target));
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

Status WrongForm(const Uri& uri, std::string_view why) {
  std::string message(why);
  if (const auto index = IndexOf(uri.scheme)) {
    message.append("; the URI of such a cache is written ")
        .append(kKnownSchemes[*index].form);
  }
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status ExpectPathOnly(const Uri& uri) {
  if (!uri.user.empty() || !uri.password.empty() || !uri.hosts.empty()) {
    return WrongForm(uri, "a " + uri.scheme + " cache has no user and no host");
  }
  if (uri.path.empty()) return WrongForm(uri, "the path is missing");
  return Status();
}

}  // namespace appcache
