#include "adapters/net/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "adapters/net/socket.h"
#include "engine/support/background_thread.h"
#include "engine/support/high_fd.h"

namespace appcache::net {
namespace {

using Addresses = std::vector<Address>;

Status CannotFind(const Endpoint& endpoint, const std::string& why) {
  return Status(ErrorCode::kUnavailable,
                "cannot find " + endpoint.ServerName() + ": " + why);
}

Result<Addresses> LookUpWith(const Endpoint& endpoint, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int rc =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(),
                  &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(
      rc == 0 ? found : nullptr, [](addrinfo* all) { freeaddrinfo(all); });
  if (rc != 0) {
    return CannotFind(endpoint, rc == EAI_SYSTEM
                                    ? std::generic_category().message(errno)
                                    : std::string(gai_strerror(rc)));
  }
  Addresses addresses;
  for (const addrinfo* at = owner.get(); at != nullptr; at = at->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  return addresses;
}

// The address that the host is, if it is one.
Result<Addresses> LookUpNumeric(const Endpoint& endpoint) {
  // The interface in "fe80::1%eth0" is looked up with a socket.
  const internal::StandardFdsOccupied occupied;
  return LookUpWith(endpoint, AI_NUMERICHOST | AI_NUMERICSERV);
}

Result<Addresses> UnixAddress(const Endpoint& endpoint) {
  Address address;
  auto& to = reinterpret_cast<sockaddr_un&>(address.storage);
  if (endpoint.unix_path.size() >= sizeof(to.sun_path)) {
    return CannotFind(endpoint, "the path of a unix socket has at most " +
                                    std::to_string(sizeof(to.sun_path) - 1) +
                                    " bytes");
  }
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, endpoint.unix_path.data(),
              endpoint.unix_path.size());
  address.size = sizeof(to);
  return Addresses{address};
}

}  // namespace

std::string Endpoint::ToString() const {
  if (!unix_path.empty()) return unix_path;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Endpoint::ServerName() const {
  return "the " + kind + " server " + ToString();
}

Resolver::Resolver(Endpoint endpoint)
    : Resolver(std::move(endpoint),
               [](const Endpoint& of) { return LookUpWith(of, 0); }) {}

Resolver::Resolver(Endpoint endpoint, LookUp look_up)
    : endpoint_(std::move(endpoint)), look_up_(std::move(look_up)) {}

std::shared_ptr<Resolver::Flight> Resolver::JoinFlight() {
  State& state = state_.Get();
  internal::MutexLock guard(state.mutex);
  if (state.flight != nullptr && state.flight->Get() == nullptr) {
    return state.flight;
  }
  auto flight = std::make_shared<Flight>();
  // The thread gets copies because it may outlive this object.
  internal::StartBackgroundThread([flight, endpoint = endpoint_,
                                   look_up = look_up_] {
    Result<Addresses> result = Status::OutOfMemory();
    try {
      // The system's resolver opens descriptors of its own.
      const internal::StandardFdsOccupied occupied;
      result = look_up(endpoint);
    } catch (const std::exception&) {
    }
    flight->Set(std::move(result));
  }).detach();
  state.flight = flight;
  return flight;
}

const Result<Addresses>* Resolver::Await(const Flight& flight,
                                         const Deadline& deadline) {
  if (deadline.interrupt() < 0) return flight.WaitUntil(deadline.at());
  // A condition variable cannot wait for a descriptor as well, so the interrupt
  // is polled.
  constexpr std::chrono::milliseconds kPollInterval{20};
  constexpr std::chrono::nanoseconds kNow{0};
  for (;;) {
    const Result<Addresses>* const result =
        flight.WaitUntil(deadline.Sooner(kPollInterval).at());
    if (result != nullptr || deadline.Left() == kNow) return result;
    pollfd interrupt = {deadline.interrupt(), POLLIN, 0};
    if (WaitForAny({&interrupt, 1}, Deadline(kNow)) == SocketResult::kDone) {
      return nullptr;
    }
  }
}

Result<Addresses> Resolver::Resolve(const Deadline& deadline) {
  if (!endpoint_.unix_path.empty()) return UnixAddress(endpoint_);
  Result<Addresses> numeric = LookUpNumeric(endpoint_);
  if (numeric.ok()) return numeric;
  std::shared_ptr<Flight> flight;
  try {
    flight = JoinFlight();
  } catch (const std::system_error& error) {
    return CannotFind(endpoint_, error.what());  // no thread could be started
  }
  const Result<Addresses>* const result = Await(*flight, deadline);
  if (result != nullptr) return *result;
  return Status(ErrorCode::kTimeout,
                "looking up the name of " + endpoint_.ServerName() +
                    " timed out; check the DNS servers, or raise the timeout");
}

}  // namespace appcache::net
