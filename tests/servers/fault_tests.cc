#include "tests/servers/fault_tests.h"

#include <memory>

#include "tests/servers/test_server.h"

namespace appcache {
namespace {

OpenForFaults Opener(const ServerKind& kind) {
  return [&kind](const ClientOptions& options) { return *kind.open(options); };
}

}  // namespace

TEST_P(ServerFaultTest, FaultyLinkCausesNoWrongValueAndNoLateCall) {
  const auto& [kind, timeout] = GetParam();
  const std::unique_ptr<TestServer> server = kind.start_on_socket();
  RunOverFaultyLink(server->socket_path(), timeout, Opener(kind));
}

TEST_P(ServerFaultTest, DyingServerCausesNoWrongValueAndNoLateCall) {
  const auto& [kind, timeout] = GetParam();
  const std::unique_ptr<TestServer> server = kind.start_on_socket();
  RunOverDyingServer(*server, timeout, Opener(kind));
}

}  // namespace appcache
