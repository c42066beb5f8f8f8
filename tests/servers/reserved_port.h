// ReservedPort: a port of 127.0.0.1 that nobody else is given while this
// object lives, and on which a server of the test's own may listen.

#ifndef APPCACHE_TESTS_SERVERS_RESERVED_PORT_H_
#define APPCACHE_TESTS_SERVERS_RESERVED_PORT_H_

namespace appcache {

// By a socket that is bound, with SO_REUSEADDR, and never listens: a server
// that sets the same may then bind the port and listen (Linux, socket(7)), and
// no other program gets it for a connection of its own.
class ReservedPort {
 public:
  // Higher ones are of no use to a node of a Redis cluster, whose second port
  // is this one plus 10,000.
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
