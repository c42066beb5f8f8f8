// CutProxy: a network between a client and a server, which a test can cut, hold
// up and redirect.

#ifndef APPCACHE_TESTS_SERVERS_CUT_PROXY_H_
#define APPCACHE_TESTS_SERVERS_CUT_PROXY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace appcache {

// Listens on 127.0.0.1 and forwards streams to a unix socket. Thread-safe.
class CutProxy {
 public:
  explicit CutProxy(std::string server_path);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  uint16_t port() const { return port_; }

  // Closes every connection. New ones are accepted.
  void Cut();
  // Accepts connections but forwards nothing in either direction until Release,
  // which forwards what has been held up.
  void Hold();
  void Release();
  // Forwards new connections to another server. Existing ones stay.
  void LeadTo(const std::string& server_path);
  // Calls `then` once, before the `nth` piece (from 1) that a client sends with
  // `text` in it is forwarded. It may call Cut and LeadTo.
  void BeforeRequest(const std::string& text, int nth,
                     std::function<void()> then);

 private:
  struct Link {
    int client = -1;
    int server = -1;
  };

  void Loop();
  void Accept();
  // Forwards some bytes. False: one end has closed.
  bool Pass(int from, int to, bool is_request);
  void CallHook(std::string_view piece);
  void Wake() const;
  static void Close(Link& link);

  int listener_ = -1;
  uint16_t port_ = 0;
  int wake_ = -1;  // an eventfd that wakes the loop
  std::atomic<bool> is_ending_{false};
  std::atomic<bool> is_holding_{false};
  std::atomic<bool> is_cutting_{false};
  std::mutex mutex_;
  // Guarded by mutex_.
  std::string server_path_;
  std::string hook_text_;
  int pieces_until_hook_ = 0;
  std::function<void()> hook_;

  std::list<Link> links_;  // used by the loop only
  std::thread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_CUT_PROXY_H_
