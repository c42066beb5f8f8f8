// Programs in Python and this library read each other's entries, on one server
// and on several.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcached_kind.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/python_interop.h"

namespace appcache::memcache_interop_test {
namespace {

void ShareWithPython(const std::vector<MemcacheServer>& servers,
                     const std::string& python_servers) {
  const std::unique_ptr<Cache> cache = *OpenOnServers(servers, ClientOptions());
  ExpectSharedWithPython(*cache, "memcached " + python_servers);
}

TEST(MemcacheInteropTest, PythonAndThisLibraryReadEachOthersEntries) {
  const MemcachedServer server;
  ShareWithPython({{.unix_path = server.socket_path()}}, server.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServer) {
  const MemcachedServer one;
  const MemcachedServer other;
  ShareWithPython(
      {{.unix_path = one.socket_path()}, {.unix_path = other.socket_path()}},
      one.socket_path() + " " + other.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServerByWeight) {
  using Listen = MemcachedServer::Listen;
  const MemcachedServer light({}, Listen::kTcp);
  const MemcachedServer heavy({}, Listen::kTcp);
  const auto on_port = [](const MemcachedServer& server, uint32_t weight) {
    return MemcacheServer{"127.0.0.1", static_cast<uint16_t>(server.port()), "",
                          weight};
  };
  ShareWithPython({on_port(light, 1), on_port(heavy, 3)},
                  "127.0.0.1:" + std::to_string(light.port()) +
                      ":1 127.0.0.1:" + std::to_string(heavy.port()) + ":3");
}

}  // namespace
}  // namespace appcache::memcache_interop_test
