// ServerHostileTest: a cache on a server that sends replies without end, very
// slowly, or of any size. Instantiate it with a kind of server and each of its
// attacks.

#ifndef APPCACHE_TESTS_SERVERS_HOSTILE_TESTS_H_
#define APPCACHE_TESTS_SERVERS_HOSTILE_TESTS_H_

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "appcache/error.h"
#include "tests/servers/hostile_server.h"
#include "tests/servers/server_kind.h"

namespace appcache {

struct HostileCase {
  Attack attack;
  // The error of a get. Of a huge value or an endless one: the limit, or the
  // timeout.
  ErrorCode error = ErrorCode::kUnavailable;
};

using KindAndAttack = std::tuple<ServerKind, HostileCase>;

class ServerHostileTest : public testing::TestWithParam<KindAndAttack> {};

// The attacks that do not depend on the protocol.
std::vector<HostileCase> CommonAttacks();

// For GoogleTest. "RedisEndlessLine".
inline void PrintTo(const HostileCase& hostile, std::ostream* out) {
  *out << hostile.attack.name;
}
inline std::string NameOfKindAndAttack(
    const testing::TestParamInfo<KindAndAttack>& info) {
  return std::get<0>(info.param).name + std::get<1>(info.param).attack.name;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_HOSTILE_TESTS_H_
