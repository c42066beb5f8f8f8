// FaultProxy: what a network and a dying server do to a client, between the
// two.
//
// Listens on 127.0.0.1 and passes streams on to a unix socket. Of the exchanges
// (a request and the bytes that answer it) a share goes wrong, each in one of
// the ways below, drawn from a seed.

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
    kRefuse,     // the connection is closed as soon as it is made
    kDelay,      // the reply comes late, within kDelay
    kCutBefore,  // closed where the reply would begin
    kCutInside,  // closed in the middle of the reply
    kCutAfter,   // closed behind the reply
    kDribble,    // the reply comes byte by byte
    kBlackHole,  // nothing comes back, and the connection stays
    kGarbage,    // something else comes where the reply would begin
    kHalfClose,  // the reply ends before it begins, and the connection stays
  };
  static constexpr size_t kFaults = 10;
  static constexpr std::chrono::milliseconds kDelay{5};

  FaultProxy(std::string server_path, uint64_t seed);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  uint16_t port() const { return port_; }

  // How many of a hundred exchanges go wrong from now on. Zero heals; what has
  // gone wrong already stays so.
  void SetFaultsPerHundred(unsigned faults) { faults_per_hundred_ = faults; }

  // How often each fault has struck.
  uint64_t Count(Fault fault) const {
    return counts_[static_cast<size_t>(fault)];
  }

 private:
  using Clock = std::chrono::steady_clock;

  // One connection of a client's, and its own to the server.
  struct Link {
    int client = -1;
    int server = -1;
    Fault fault = Fault::kNone;
    // A reply that is held back until `due`.
    std::string held;
    Clock::time_point due = Clock::time_point::max();
    bool is_dead = false;
  };

  void Loop();
  void Accept();
  void OnRequest(Link& link);
  void OnReply(Link& link);
  // One of 0 ... limit - 1.
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  Fault Draw();
  static void Close(Link& link);

  const std::string server_path_;
  int listener_ = -1;
  uint16_t port_ = 0;
  int wake_ = -1;  // an eventfd: the proxy ends
  std::atomic<unsigned> faults_per_hundred_{0};
  std::array<std::atomic<uint64_t>, kFaults> counts_{};

  // Of the loop's thread.
  std::mt19937_64 random_;
  std::list<Link> links_;

  std::thread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_PROXY_H_
