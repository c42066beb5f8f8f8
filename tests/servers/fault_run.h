// What a cache on a server has to stand, whatever the server: a link on which
// everything goes wrong, and a server that hangs, dies and comes back.

#ifndef APPCACHE_TESTS_SERVERS_FAULT_RUN_H_
#define APPCACHE_TESTS_SERVERS_FAULT_RUN_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/cache.h"

namespace appcache {

// Of a call. With the short one no recv blocks by itself (adapters/net/socket),
// with the usual one they do, as with a program's.
inline constexpr std::chrono::milliseconds kShortTimeout{50};
inline constexpr std::chrono::milliseconds kUsualTimeout{200};

struct FaultLimits {
  std::chrono::milliseconds timeout;  // of each call
  size_t max_connections;
};

// Opens a cache on 127.0.0.1:`port` and, of several threads, has thousands of
// seeded operations through a FaultProxy before the server at `socket_path`:
// no value that was not written, never another key's, every call in time, well
// again at once, and no descriptor left. APPCACHE_TEST_OPERATIONS sets how many
// for each thread, with a timeout of 50 ms: with a longer one they are fewer.
void RunOverFaultyLink(const std::string& socket_path,
                       std::chrono::milliseconds timeout,
                       const std::function<std::unique_ptr<Cache>(
                           uint16_t port, const FaultLimits& limits)>& open);

// What can happen to a server.
struct ServerHandle {
  std::function<void()> freeze;
  std::function<void()> thaw;
  std::function<void()> kill;  // -9
  std::function<void()> start;
};

// The same operations on a cache straight on the server, which meanwhile stops,
// goes on, is killed and starts again, empty, several times.
void RunOverDyingServer(
    const ServerHandle& server, std::chrono::milliseconds timeout,
    const std::function<std::unique_ptr<Cache>(const FaultLimits& limits)>&
        open);

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_RUN_H_
