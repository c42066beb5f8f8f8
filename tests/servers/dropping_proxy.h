// DroppingProxy: a proxy that closes the first connections after it has
// received a request, and forwards the others.

#ifndef APPCACHE_TESTS_SERVERS_DROPPING_PROXY_H_
#define APPCACHE_TESTS_SERVERS_DROPPING_PROXY_H_

#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace appcache {

// Serves one connection at a time, from its construction until it is destroyed.
class DroppingProxy {
 public:
  // Forwards to the unix socket `server_path`, after `drops` connections.
  DroppingProxy(std::string server_path, int drops);
  ~DroppingProxy();
  DroppingProxy(const DroppingProxy&) = delete;
  DroppingProxy& operator=(const DroppingProxy&) = delete;

  const std::string& socket_path() const { return path_; }

 private:
  void Serve(int client, bool is_dropped) const;

  const TempDir directory_{nullptr};
  const std::string path_ = directory_.path() + "/proxy";
  const std::string server_path_;
  int listener_ = -1;
  std::jthread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_DROPPING_PROXY_H_
