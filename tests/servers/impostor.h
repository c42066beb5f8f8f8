// Impostor: a server that sends the replies that a test gives it.

#ifndef APPCACHE_TESTS_SERVERS_IMPOSTOR_H_
#define APPCACHE_TESTS_SERVERS_IMPOSTOR_H_

#include <chrono>
#include <latch>
#include <string>
#include <string_view>
#include <thread>

namespace appcache {

// Listens on a unix socket. Each function serves one connection on a thread of
// its own. The arguments must outlive the thread.
class Impostor {
 public:
  explicit Impostor(std::string path);
  ~Impostor();
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;

  // Receives a request, sends `reply` and closes.
  std::jthread Answer(std::string_view reply) const;

  // Receives a request and sends `reply`; once `is_due`, sends `extra`, and
  // then counts `was_sent` down. Closes when the client sends more or closes.
  std::jthread AnswerTwice(std::string_view reply, std::latch& is_due,
                           std::string_view extra, std::latch& was_sent) const;

  // Receives a request, sends `beginning`, and then one byte per millisecond
  // until the client closes.
  std::jthread Dribble(std::string_view beginning) const;

  // Receives a request, sends `reply` and receives a second request. Then
  // closes when `after` has passed, or when the client closes.
  std::jthread Stall(std::string_view reply,
                     std::chrono::milliseconds after) const;

 private:
  // Accepts a connection, receives a request and sends `reply`. Returns the
  // connection.
  int Accept(std::string_view reply) const;

  const std::string path_;
  int listener_ = -1;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_IMPOSTOR_H_
