// SharedServer: a server, a cache of this library on it, and a program in
// Python that uses it as pyappcache does.

#ifndef APPCACHE_TESTS_INTEROP_SHARED_SERVER_H_
#define APPCACHE_TESTS_INTEROP_SHARED_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "appcache/cache.h"
#include "tests/servers/test_server.h"
#include "tests/support/child_process.h"

namespace appcache {

enum class ServerType { kRedis, kMemcached, kThreeMemcached };

std::string NameOf(ServerType type);

class SharedServer {
 public:
  // One for each type, which all tests of the process share.
  static SharedServer& Of(ServerType type);

  Cache& cache() { return *cache_; }

  // The reply of pyappcache_stand_in.py, which describes requests: "done",
  // "same", "miss", "loaded", or what went wrong.
  std::string Ask(const nlohmann::json& request);

  void PassTime(std::chrono::milliseconds time);

 private:
  explicit SharedServer(ServerType type);

  std::vector<std::unique_ptr<TestServer>> servers_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<ChildProcess> python_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_INTEROP_SHARED_SERVER_H_
