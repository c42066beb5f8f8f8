// ServerFaultTest: a cache over a faulty network, and on a server that hangs,
// dies and restarts. Instantiate it with a kind of server and the timeouts
// kShortTimeout and kUsualTimeout.

#ifndef APPCACHE_TESTS_SERVERS_FAULT_TESTS_H_
#define APPCACHE_TESTS_SERVERS_FAULT_TESTS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>

#include "tests/servers/fault_run.h"
#include "tests/servers/server_kind.h"

namespace appcache {

using KindAndTimeout = std::tuple<ServerKind, std::chrono::milliseconds>;

class ServerFaultTest : public testing::TestWithParam<KindAndTimeout> {};

// "Redis50ms".
inline std::string NameOfKindAndTimeout(
    const testing::TestParamInfo<KindAndTimeout>& info) {
  const auto& [kind, timeout] = info.param;
  return kind.name + std::to_string(timeout.count()) + "ms";
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAULT_TESTS_H_
