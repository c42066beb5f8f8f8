// KeyMaker: makes the Memcached keys of one call.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_KEY_MAKER_H_
#define APPCACHE_ADAPTERS_MEMCACHE_KEY_MAKER_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "adapters/memcache/servers.h"
#include "adapters/memcache/wire_key.h"
#include "adapters/net/deadline.h"
#include "appcache/error.h"

namespace appcache::memcache {

// A path whose bytes the text protocol does not carry is sent in base64 to its
// server if that has the commands for it, and is hashed otherwise
// (wire_key.h). The server is asked when the first such path is met: "version"
// must be that of memcached 1.6.10 or newer, and then "mn", the meta command
// without effect, must be known. Proxies have versions of their own, and some
// close the connection after a command that they do not know.
//
// The answer is kept for the calls that follow (servers.h). It chooses the form
// of the keys, and permits no connection to send them: another server may have
// taken the address since, so each connection asks for itself (connection.h).
//
//   KeyMaker keys(servers, deadline);
//   for (path of the call) keys.Expect(path);
//   keys.AskServers();
//   for (path of the call) Result<WireKey> key = keys.KeyOf(path);
class KeyMaker {
 public:
  // `servers` must outlive this object.
  KeyMaker(Servers& servers, const net::Deadline& deadline)
      : servers_(servers), deadline_(deadline) {}

  // Throws std::bad_alloc.
  void Expect(std::string_view path);

  // Asks, at once, those servers of the expected paths that have to be asked:
  // two round trips, and none if there is no such server. Leaves at least a
  // third of the time until the deadline to the rest of the call. Throws
  // std::bad_alloc.
  void AskServers();

  // An error when the path's server had to be asked, and did not answer. `path`
  // must outlive the key. REQUIRES: the path was expected, and AskServers was
  // called.
  Result<WireKey> KeyOf(std::string_view path) const;

 private:
  struct ServerState {
    bool is_expected = false;  // a path of this call may need base64 there
    Base64Support support = Base64Support::kUnknown;
    Status failure = {};  // why the server did not answer, if it was asked
  };

  // Notes the answer to the last question: whether the server has base64 keys,
  // if it has the command (no failure, or kUnsupported).
  void Note(size_t server, const Status& failure, bool has_base64);

  // By server; empty while no path may need base64. What another thread learns
  // during the call does not matter to it.
  std::vector<ServerState> states_;

  Servers& servers_;
  const net::Deadline deadline_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_KEY_MAKER_H_
