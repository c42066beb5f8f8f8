// HostileServer: a fake server that sends what a faulty or malicious server
// might: replies without end, very slow ones, none.

#ifndef APPCACHE_TESTS_SERVERS_HOSTILE_SERVER_H_
#define APPCACHE_TESTS_SERVERS_HOSTILE_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache {

// What it sends on each connection.
struct Attack {
  enum class Pace {
    kFlood,  // as fast as the client receives
    kDrip,   // a byte per millisecond
    kOnce,   // without repetition; then it closes
  };

  std::string name;
  std::string beginning;
  std::string repeated = "";  // for kFlood and kDrip, without end
  Pace pace = Pace::kFlood;
};

// Serves any number of connections until it is destroyed.
class HostileServer {
 public:
  // On each connection, answers the first requests with `answers`, and attacks
  // when the next one arrives. Each request must arrive in one piece.
  explicit HostileServer(Attack attack, std::vector<std::string> answers = {});
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  const std::string& socket_path() const { return path_; }

  // The number of bytes sent.
  uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  struct Client {
    int fd;
    size_t answered = 0;
    bool is_attacked = false;
    std::string_view unsent = {};  // a part of the attack
  };

  void Run();
  // These return false when the connection is over.
  bool Serve(Client& client, short ready);
  bool Receive(Client& client) const;
  bool Send(Client& client, size_t limit);

  const Attack attack_;
  const std::string block_;  // attack_.repeated, many times
  const std::vector<std::string> answers_;
  const TempDir directory_{nullptr};
  const std::string path_ = directory_.path() + "/server";
  int listener_ = -1;
  int stop_ = -1;              // an eventfd
  std::list<Client> clients_;  // used by the thread only
  std::atomic<uint64_t> sent_bytes_{0};
  std::jthread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_HOSTILE_SERVER_H_
