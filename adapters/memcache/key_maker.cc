#include "adapters/memcache/key_maker.h"

#include <cassert>
#include <utility>

#include "adapters/memcache/batch.h"
#include "adapters/memcache/keyless_request.h"

namespace appcache::memcache {
namespace {

struct Target {
  size_t server;
};

// Sends a command without a key to each of `targets`, and calls `answered` with
// each, its request, and the failure, if any: kUnsupported when the server does
// not know the command.
template <class Answered>
void Ask(Servers& servers, const std::vector<Target>& targets,
         std::string_view command, Reply::Type expected,
         const net::Deadline& deadline, const Answered& answered) {
  const auto make_request = [&](const Target& target) {
    return KeylessRequest(command, expected, servers.name(target.server));
  };
  const auto finish = [&](const Target& target, const KeylessRequest& request,
                          const Status& sent) {
    answered(target.server, request, sent.ok() ? request.failure() : sent);
  };
  SendBatches(servers, targets, deadline, make_request, finish);
}

}  // namespace

void KeyMaker::Expect(std::string_view path) {
  if (!WireKey(path).FitsBase64()) return;
  states_.resize(servers_.size());
  const size_t server = servers_.ServerOf(path);
  states_[server] = {true, servers_.base64_support(server)};
}

void KeyMaker::Note(size_t server, const Status& failure, bool has_base64) {
  if (!failure.ok() && !failure.Is(ErrorCode::kUnsupported)) {
    states_[server].failure = failure;
    return;
  }
  const bool is_supported = failure.ok() && has_base64;
  states_[server].support =
      is_supported ? Base64Support::kYes : Base64Support::kNo;
  servers_.set_base64_support(server, states_[server].support);
}

void KeyMaker::AskServers() {
  std::vector<Target> targets;
  for (size_t server = 0; server < states_.size(); ++server) {
    const ServerState& state = states_[server];
    if (state.is_expected && state.support == Base64Support::kUnknown) {
      targets.push_back({server});
    }
  }
  if (targets.empty()) return;
  std::vector<Target> new_enough;
  Ask(servers_, targets, "version", Reply::Type::kVersion,
      deadline_.Sooner(deadline_.Left() / 3),
      [&](size_t server, const KeylessRequest& request, const Status& failure) {
        if (failure.ok() && HasBase64Keys(request.text())) {
          new_enough.push_back({server});
        } else {
          Note(server, failure, /*has_base64=*/false);
        }
      });
  Ask(servers_, new_enough, "mn", Reply::Type::kMetaNoOp,
      deadline_.Sooner(deadline_.Left() / 2),
      [&](size_t server, const KeylessRequest&, const Status& failure) {
        Note(server, failure, /*has_base64=*/true);
      });
}

Result<WireKey> KeyMaker::KeyOf(std::string_view path) const {
  const WireKey key(path);
  if (!key.FitsBase64()) return key;
  assert(!states_.empty());
  const ServerState& state = states_[servers_.ServerOf(path)];
  assert(state.is_expected);
  switch (state.support) {
    case Base64Support::kYes:
      return key.InBase64();
    case Base64Support::kNo:
      return key;
    case Base64Support::kUnknown:
      break;
  }
  assert(!state.failure.ok());
  return state.failure;
}

}  // namespace appcache::memcache
