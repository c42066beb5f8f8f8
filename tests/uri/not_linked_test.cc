// Open in a program that links one backend only.

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "appcache/open.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

TEST(NotLinkedTest, OpensALinkedBackend) {
  EXPECT_TRUE(Open("memory:linked").ok());
}

TEST(NotLinkedTest, ForOtherBackendsNamesTheTargetToLink) {
  const std::pair<const char*, const char*> backends[] = {
      {"redis://ada:secret@localhost",
       "link //adapters/redis:redis_cache (CMake: appcache::redis_cache)"},
      {"redis+unix:///path",
       "link //adapters/redis:redis_cache (CMake: appcache::redis_cache)"},
      {"memcached://a,b",
       "link //adapters/memcache:memcache_cache (CMake: "
       "appcache::memcache_cache)"},
      {"memcached+unix:///path",
       "link //adapters/memcache:memcache_cache (CMake: "
       "appcache::memcache_cache)"},
      {"lmdb:path",
       "link //adapters/lmdb:lmdb_cache (CMake: appcache::lmdb_cache)"},
      {"tiered:memory:a|memory:b",
       "link //adapters/tiered:tiered_cache (CMake: appcache::tiered_cache)"},
  };
  for (const auto& [uri, expected] : backends) {
    const auto cache = Open(uri);
    ASSERT_FALSE(cache.ok()) << uri;
    EXPECT_TRUE(cache.status().Is(ErrorCode::kUnsupported)) << uri;
    const std::string& message = cache.error().message;
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
}

TEST(NotLinkedTest, IsLinkedIsTrueForTheLinkedSchemes) {
  std::vector<std::string_view> linked;
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    if (internal::IsLinked(scheme)) linked.push_back(scheme.name);
  }
  EXPECT_EQ(linked, (std::vector<std::string_view>{"memory", "sqlite"}));
}

TEST(NotLinkedTest, AnUnknownSchemeIsAnInvalidArgument) {
  EXPECT_TRUE(Open("http://host").status().Is(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace appcache
