// FullPort: a port on which connecting never succeeds or fails.

#ifndef APPCACHE_TESTS_SERVERS_FULL_PORT_H_
#define APPCACHE_TESTS_SERVERS_FULL_PORT_H_

#include <array>
#include <cstdint>

namespace appcache {

// Listens on 127.0.0.1 with a full accept queue: a client that connects gets no
// answer, as from a host that is down.
class FullPort {
 public:
  FullPort();
  ~FullPort();
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;

  uint16_t number() const { return number_; }

 private:
  uint16_t number_ = 0;
  int listener_ = -1;
  std::array<int, 4> clients_ = {};
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FULL_PORT_H_
