// ReservedPort: a port of 127.0.0.1 on which only a server of the test's own
// can listen while this object exists.

#ifndef APPCACHE_TESTS_SERVERS_RESERVED_PORT_H_
#define APPCACHE_TESTS_SERVERS_RESERVED_PORT_H_

namespace appcache {

// Binds a socket with SO_REUSEADDR and does not listen on it. A server that
// also sets SO_REUSEADDR can then bind the port and listen (Linux, socket(7)),
// and the system does not choose the port for another program.
class ReservedPort {
 public:
  // A node of a Redis cluster also needs the port plus 10,000.
  static constexpr int kHighest = 55'535;

  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  int number() const { return number_; }

 private:
  int socket_ = -1;
  int number_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_RESERVED_PORT_H_
