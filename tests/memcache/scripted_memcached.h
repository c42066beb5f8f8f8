// ScriptedMemcached: a fake Memcached server that knows some commands, each of
// which has a fixed reply. Any other command gets "ERROR", and as on an old
// server, the value after it is then read as further commands.

#ifndef APPCACHE_TESTS_MEMCACHE_SCRIPTED_MEMCACHED_H_
#define APPCACHE_TESTS_MEMCACHE_SCRIPTED_MEMCACHED_H_

#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache {

// Serves any number of connections until it is destroyed.
class ScriptedMemcached {
 public:
  // From the first word of a command to the reply. An empty reply closes the
  // connection.
  using Replies = std::map<std::string, std::string>;

  explicit ScriptedMemcached(Replies replies);
  ~ScriptedMemcached();
  ScriptedMemcached(const ScriptedMemcached&) = delete;
  ScriptedMemcached& operator=(const ScriptedMemcached&) = delete;

  const std::string& socket_path() const { return path_; }

  // Replaces the replies. Connections stay open.
  void SetReplies(Replies replies);
  // Closes the connections, then replaces the replies: another server takes the
  // address. REQUIRES: no call of a client is in progress.
  void Restart(Replies replies);

  // The commands received so far, without their values, those that are not
  // known included.
  std::vector<std::string> Commands() const;
  // The same, but only the first words, separated by blanks.
  std::string Words() const;

 private:
  struct Client {
    int fd;
    std::string received = {};
    size_t value_bytes = 0;  // to be skipped
  };

  void Start();
  // Closes the connections.
  void Stop();
  void Run();
  // These return false when the connection is over.
  bool Receive(Client& client);
  bool Answer(Client& client, const std::string& line);

  const TempDir directory_{nullptr};
  const std::string path_ = directory_.path() + "/server";
  mutable std::mutex mutex_;  // for the next two
  Replies replies_;
  std::vector<std::string> commands_;
  int listener_ = -1;
  int stop_ = -1;              // an eventfd
  std::list<Client> clients_;  // used by the thread while it runs
  std::jthread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_MEMCACHE_SCRIPTED_MEMCACHED_H_
