// CutProxy: a network between a client and a server that a test cuts, holds up
// and leads elsewhere.

#ifndef APPCACHE_TESTS_SERVERS_CUT_PROXY_H_
#define APPCACHE_TESTS_SERVERS_CUT_PROXY_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace appcache {

// Listens on 127.0.0.1 and passes streams on to a unix socket. Thread-safe.
class CutProxy {
 public:
  explicit CutProxy(std::string server_path);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  uint16_t port() const { return port_; }

  // Closes every connection. New ones are made.
  void Cut();
  // Nothing passes, either way, though connections are taken, until Release:
  // then all of it does, late.
  void Hold();
  void Release();
  // New connections go to that server; those there are stay where they are.
  void LeadTo(const std::string& server_path);

 private:
  struct Link {
    int client = -1;
    int server = -1;
  };

  void Loop();
  void Accept();
  // False: one of its ends is gone.
  static bool Pass(int from, int to);
  void Wake() const;
  static void Close(Link& link);

  int listener_ = -1;
  uint16_t port_ = 0;
  int wake_ = -1;  // an eventfd: something has been asked for
  std::atomic<bool> is_ending_{false};
  std::atomic<bool> is_holding_{false};
  std::atomic<bool> is_cutting_{false};
  std::mutex mutex_;
  std::string server_path_;  // guarded by mutex_
  std::list<Link> links_;    // of the loop's thread
  std::thread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_CUT_PROXY_H_
