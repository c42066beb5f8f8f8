// Server: a Redis or Memcached server of a benchmark's own, on a unix socket.

#ifndef APPCACHE_BENCH_FRAME_SERVER_H_
#define APPCACHE_BENCH_FRAME_SERVER_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "bench/frame/temp_directory.h"

namespace appcache::bench {

// Listens on nothing but its socket, and keeps nothing on disk. Ends with the
// object, and with the thread that made it, however that ends.
class Server {
 public:
  // Both end the program if the server does not start.
  static Server Redis();
  // With room for `bytes` of items; at least 64 MiB.
  static Server Memcached(size_t bytes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string socket() const { return directory_.Path("socket"); }

 private:
  // Runs the command of `command(socket)`.
  explicit Server(std::vector<std::string> (*command)(const std::string& socket,
                                                      size_t bytes),
                  size_t bytes);

  // The path of a unix socket must be short.
  const TempDirectory directory_{"/tmp"};
  const pid_t process_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_SERVER_H_
