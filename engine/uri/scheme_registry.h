// Which schemes there are, and who opens a cache of each: for backends.
//
// A backend that is linked has registered its opener; a program that does not
// link it is told what to link. An opener is written in a file of its own
// beside the backend, as adapters/redis/redis_uri.cc:
//
//   namespace appcache {
//   namespace {
//
//   Result<std::unique_ptr<Cache>> OpenLmdb(const Uri& uri,
//                                           CacheOptions defaults,
//                                           UriOptions& given) {
//     LmdbCacheOptions options;
//     options.cache = std::move(defaults);          // the prefix is in there
//     given.Size("max_bytes", options.max_bytes);   // each option, by the name
//     Status status = given.Done();                 // of its field
//     if (status.ok()) status = ExpectPathOnly(uri);
//     if (!status.ok()) return status;
//     return ToCache(LmdbCache::Open(uri.path, std::move(options)));
//   }
//
//   const SchemeRegistrar kLmdb("lmdb", OpenLmdb);
//
//   }  // namespace
//   }  // namespace appcache
//
// In BUILD.bazel that file is among the srcs of the target that kKnownSchemes
// names, which has `alwayslink = 1`, or a linker would drop what nobody calls,
// and depends on //engine:uri.
//
// What is not right about the URI is WrongForm, or what Open of the backend
// says about its options; no message shows a part of the URI, which may hold a
// password, but the place that Traits().location shows too.

#ifndef APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_
#define APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/cache.h"
#include "engine/error.h"
#include "engine/uri/uri.h"
#include "engine/uri/uri_options.h"

namespace appcache {

struct KnownScheme {
  std::string_view name;
  // How a URI is written, for people.
  std::string_view form;
  // The Bazel target that has the backend, in appcache's workspace.
  std::string_view target;
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

// Opens the cache that `uri` names, with its options from `given` and what they
// leave open from `defaults`. Does not throw.
using Opener = Result<std::unique_ptr<Cache>> (*)(const Uri& uri,
                                                  CacheOptions defaults,
                                                  UriOptions& given);

// The place of a scheme in kKnownSchemes; one that is not there does not
// compile.
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

// A constant of namespace scope: registers before main begins.
class SchemeRegistrar {
 public:
  SchemeRegistrar(SchemeIndex scheme, Opener opener) noexcept;
};

// Whether the backend of a scheme is linked.
bool IsLinked(const KnownScheme& scheme);

// Opens what ParseUri has found. kInvalidArgument: nobody knows the scheme, or
// what its opener says; kUnsupported: its backend is not linked, and the
// message says what to link.
Result<std::unique_ptr<Cache>> OpenUri(const Uri& uri, CacheOptions defaults);

// --- For openers.

// kInvalidArgument: `why`, and how a URI of this scheme is written.
Status WrongForm(const Uri& uri, std::string_view why);

// Success if the URI has a path, and no user, password or host.
Status ExpectPathOnly(const Uri& uri);

template <class Backend>
Result<std::unique_ptr<Cache>> ToCache(
    Result<std::unique_ptr<Backend>> opened) {
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Cache>(*std::move(opened));
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_URI_SCHEME_REGISTRY_H_
