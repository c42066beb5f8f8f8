// Runs random operations on a cache over a faulty network and on a server that
// hangs, dies and restarts.

#ifndef APPCACHE_TESTS_SERVERS_FAULT_RUN_H_
#define APPCACHE_TESTS_SERVERS_FAULT_RUN_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "appcache/cache.h"
#include "tests/servers/server_kind.h"
#include "tests/servers/test_server.h"

namespace appcache {

// The timeouts of a call to test with. With the short one recv() never blocks,
// with the usual one it does, as in a program (adapters/net/socket.cc).
inline constexpr std::chrono::milliseconds kShortTimeout{50};
inline constexpr std::chrono::milliseconds kUsualTimeout{200};

// Opens a cache. `options` has the timeout and the number of connections, and
// the address at which to reach the server under test.
using OpenForFaults =
    std::function<std::unique_ptr<Cache>(const ClientOptions& options)>;

// Runs thousands of seeded operations on several threads, through a FaultProxy
// before the server at `socket_path`. Expects that no read returns a value that
// was not written to the key, that every call returns in time, that every
// operation succeeds as soon as the faults end, and that no descriptor is left
// open. The environment variable APPCACHE_TEST_OPERATIONS sets the number of
// operations per thread for a timeout of 50 ms; with a longer timeout it is
// lower.
void RunOverFaultyLink(const std::string& socket_path,
                       std::chrono::milliseconds timeout,
                       const OpenForFaults& open);

// Runs the same operations on a cache that is connected to the server directly,
// while the server is stopped, continued, killed and started, several times.
void RunOverDyingServer(TestServer& server, std::chrono::milliseconds timeout,
                        const OpenForFaults& open);

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_RUN_H_
