// Impostor: a server that answers as it is told to.

#ifndef APPCACHE_TESTS_SERVERS_IMPOSTOR_H_
#define APPCACHE_TESTS_SERVERS_IMPOSTOR_H_

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

namespace appcache {

// On a unix socket. Serves one connection for each thread, which ends with it.
// What is given must outlive the thread.
class Impostor {
 public:
  explicit Impostor(std::string path);
  ~Impostor();
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;

  // Takes a request, answers, and closes.
  std::jthread Answer(std::string_view answer) const;

  // A byte more each millisecond, until the client has gone.
  std::jthread Dribble(std::string_view beginning) const;

  // Takes a second request, and closes in the time `after` instead of an
  // answer, or when the client has gone.
  std::jthread Stall(std::string_view answer,
                     std::chrono::milliseconds after) const;

 private:
  // Takes one request, and answers. The connection.
  int Accept(std::string_view answer) const;

  const std::string path_;
  int listener_ = -1;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_IMPOSTOR_H_
