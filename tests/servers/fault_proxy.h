// FaultProxy: a faulty network between a client and a server.
//
// Listens on 127.0.0.1 and forwards streams to a unix socket. A share of the
// exchanges (a request and its reply) fails, each in one of the ways below,
// chosen at random from a seed.

#ifndef APPCACHE_TESTS_SERVERS_FAULT_PROXY_H_
#define APPCACHE_TESTS_SERVERS_FAULT_PROXY_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <string_view>
#include <thread>

namespace appcache {

class FaultProxy {
 public:
  enum class Fault {
    kNone,
    kRefuse,     // closes the connection as soon as it is accepted
    kDelay,      // sends the reply kDelay later
    kCutBefore,  // closes the connection instead of sending the reply
    kCutInside,  // closes it in the middle of the reply
    kCutAfter,   // closes it after the reply
    kDribble,    // sends the reply byte by byte
    kBlackHole,  // sends nothing, and keeps the connection open
    kGarbage,    // sends bytes that are not a reply
    kHalfClose,  // sends the end of the stream, and keeps the connection open
  };
  static constexpr size_t kFaults = 10;
  static constexpr std::chrono::milliseconds kDelay{5};

  FaultProxy(std::string server_path, uint64_t seed);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  uint16_t port() const { return port_; }

  // The share of the exchanges that fail from now on. Zero ends the faults, but
  // does not repair connections that have failed.
  void SetFaultsPerHundred(unsigned faults) { faults_per_hundred_ = faults; }

  // How often the fault has occurred.
  uint64_t Count(Fault fault) const {
    return counts_[static_cast<size_t>(fault)];
  }

 private:
  using Clock = std::chrono::steady_clock;

  // A connection of a client and the connection to the server that belongs to
  // it.
  struct Link {
    int client = -1;
    int server = -1;
    Fault fault = Fault::kNone;
    // A reply that is delayed until `due`.
    std::string held;
    Clock::time_point due = Clock::time_point::max();
    bool is_dead = false;
  };

  void Loop();
  void Accept();
  void OnRequest(Link& link);
  void OnReply(Link& link);
  // A random number from 0 to limit - 1.
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  Fault Draw();
  static void Close(Link& link);

  const std::string server_path_;
  int listener_ = -1;
  uint16_t port_ = 0;
  int wake_ = -1;  // an eventfd that ends the loop
  std::atomic<unsigned> faults_per_hundred_{0};
  std::array<std::atomic<uint64_t>, kFaults> counts_{};

  // Used by the loop only.
  std::mt19937_64 random_;
  std::list<Link> links_;

  std::thread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_PROXY_H_
