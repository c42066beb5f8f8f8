// The registry of URI schemes: which schemes exist, and which function opens a
// cache of each. For backends.
//
// A backend registers its opener in a source file of its own, which only that
// backend's target contains:
//
//   // Opens the URI scheme lmdb:PATH.
//
//   #include "appcache/export.h"
//   #include "appcache/lmdb_cache.h"
//   #include "engine/uri/scheme_registry.h"
//
//   namespace appcache {
//   namespace {
//
//   Result<std::unique_ptr<Cache>> OpenLmdb(const internal::Uri& uri,
//                                           CacheOptions defaults,
//                                           internal::UriOptions& given) {
//     LmdbCacheOptions options;
//     options.cache = std::move(defaults);
//     given.Size("max_bytes", options.max_bytes);
//     given.Duration("busy_timeout", options.busy_timeout);
//     Status status = given.Done();
//     if (status.ok()) status = internal::ExpectPathOnly(uri);
//     if (!status.ok()) return status;
//     return internal::ToCache(LmdbCache::Open(uri.path, std::move(options)));
//   }
//
//   const internal::SchemeRegistrar kLmdb("lmdb", OpenLmdb);
//
//   }  // namespace
//   }  // namespace appcache
//
//   extern "C" APPCACHE_EXPORT void appcache_scheme_lmdb() {}
//
// In this example, `defaults` already has the option `prefix`.
//
// In BUILD.bazel, the file is one of the srcs of the target that kKnownSchemes
// names. The target depends on //engine:uri, and has `alwayslink = 1`:
// otherwise the linker would drop the file, because nothing refers to it. In
// other builds, --undefined=appcache_scheme_lmdb makes the linker take the file
// from a static library, and --no-as-needed makes it keep a shared one.
//
// An opener returns InvalidUri for a URI of the wrong form, and the errors of
// the backend's Open. No message may contain a part of the URI, which may hold
// a password, except what Traits().location shows.

#ifndef APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_
#define APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "engine/uri/uri.h"
#include "engine/uri/uri_options.h"

namespace appcache::internal {

struct KnownScheme {
  std::string_view name;
  std::string_view form;    // of the URI, for error messages
  std::string_view target;  // the Bazel target of the backend
};

inline constexpr KnownScheme kKnownSchemes[] = {
    {"lmdb", "lmdb:PATH", "//adapters/lmdb:lmdb_cache"},
    {"memcached", "memcached://HOST:PORT,HOST:PORT",
     "//adapters/memcache:memcache_cache"},
    {"memcached+unix", "memcached+unix:///PATH",
     "//adapters/memcache:memcache_cache"},
    {"memory", "memory:NAME", "//engine:sqlite_cache"},
    {"redis", "redis://USER:PASSWORD@HOST:PORT/DATABASE",
     "//adapters/redis:redis_cache"},
    {"redis+unix", "redis+unix://USER:PASSWORD@/PATH?db=DATABASE",
     "//adapters/redis:redis_cache"},
    {"sqlite", "sqlite:PATH", "//engine:sqlite_cache"},
    {"tiered", "tiered:memory:NAME|REMOTE|OPTION=VALUE&OPTION=VALUE",
     "//adapters/tiered:tiered_cache"},
};

// Opens the cache that `uri` names, with the options in `given`, and `defaults`
// for the others. Must not throw.
using Opener = Result<std::unique_ptr<Cache>> (*)(const Uri& uri,
                                                  CacheOptions defaults,
                                                  UriOptions& given);

// The index of a scheme in kKnownSchemes. An unknown scheme does not compile.
class SchemeIndex {
 public:
  consteval SchemeIndex(  // NOLINT(google-explicit-constructor)
      const char* name)
      : value_(0) {
    while (kKnownSchemes[value_].name != name) ++value_;
  }
  size_t value() const noexcept { return value_; }

 private:
  size_t value_;
};

// Registers an opener. Define a constant of namespace scope, which is
// registered before main starts.
class APPCACHE_EXPORT SchemeRegistrar {
 public:
  SchemeRegistrar(SchemeIndex scheme, Opener opener) noexcept;
};

// Whether the backend of `scheme` is linked.
APPCACHE_EXPORT bool IsLinked(const KnownScheme& scheme);

// Opens the cache of a parsed URI. kInvalidArgument when the scheme is unknown;
// kUnsupported when its backend is not linked, with a message that names the
// target to link; otherwise the result of the opener. Thread-safe.
APPCACHE_EXPORT Result<std::unique_ptr<Cache>> OpenUri(const Uri& uri,
                                                       CacheOptions defaults);

// --- For openers.

// kInvalidArgument, with `reason` and the form of a URI of this scheme.
APPCACHE_EXPORT Status InvalidUri(const Uri& uri, std::string_view reason);

// Success when the URI has a path, and no user, password or host; otherwise
// InvalidUri.
APPCACHE_EXPORT Status ExpectPathOnly(const Uri& uri);

// Converts the result of the Open of a subclass of Cache.
template <class Subclass>
Result<std::unique_ptr<Cache>> ToCache(
    Result<std::unique_ptr<Subclass>> opened) {
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Cache>(*std::move(opened));
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_
