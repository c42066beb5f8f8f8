#include "adapters/net/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "adapters/net/socket.h"
#include "engine/background_thread.h"

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

Result<Addresses> UnixAddress(const Endpoint& endpoint) {
  Address address;
  auto& to = reinterpret_cast<sockaddr_un&>(address.storage);
  if (endpoint.unix_path.size() >= sizeof(to.sun_path)) {
    return CannotFind(endpoint, "a unix socket's path has at most " +
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

// One look-up, shared by its thread and those who wait for it.
struct Resolver::Flight {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<Addresses>> result;  // guarded by mutex

  // Whether the result is there; if not, the deadline has come.
  // REQUIRES: mutex is held, as `lock`.
  bool Await(std::unique_lock<std::mutex>& lock, const Deadline& deadline);
};

bool Resolver::Flight::Await(std::unique_lock<std::mutex>& lock,
                             const Deadline& deadline) {
  const auto has_result = [this] { return result.has_value(); };
  if (deadline.interrupt() < 0) {
    return done.wait_until(lock, deadline.at(), has_result);
  }
  // A condition variable does not wait for a descriptor too: it is looked at
  // now and then.
  constexpr std::chrono::milliseconds kLook{20};
  while (!done.wait_until(lock, deadline.Sooner(kLook).at(), has_result)) {
    constexpr std::chrono::nanoseconds kNow{0};
    pollfd interrupt = {deadline.interrupt(), POLLIN, 0};
    if (deadline.Left() == kNow ||
        WaitForAny({&interrupt, 1}, Deadline(kNow)) == SocketResult::kDone) {
      return false;
    }
  }
  return true;
}

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
  std::lock_guard<std::mutex> guard(state.mutex);
  if (state.flight != nullptr) {
    std::lock_guard<std::mutex> flight_guard(state.flight->mutex);
    if (!state.flight->result) return state.flight;
  }
  auto flight = std::make_shared<Flight>();
  // Copies: the thread may outlive this object.
  StartBackgroundThread([flight, endpoint = endpoint_, look_up = look_up_] {
    std::optional<Result<Addresses>> result;
    try {
      result = look_up(endpoint);
    } catch (const std::exception&) {
      result = Status::OutOfMemory();
    }
    {
      std::lock_guard<std::mutex> flight_guard(flight->mutex);
      flight->result = std::move(result);
    }
    flight->done.notify_all();
  }).detach();
  state.flight = flight;
  return flight;
}

Result<std::vector<Address>> Resolver::Resolve(const Deadline& deadline) {
  if (!endpoint_.unix_path.empty()) return UnixAddress(endpoint_);
  Result<Addresses> numeric =
      LookUpWith(endpoint_, AI_NUMERICHOST | AI_NUMERICSERV);
  if (numeric.ok()) return numeric;
  std::shared_ptr<Flight> flight;
  try {
    flight = JoinFlight();
  } catch (const std::system_error& error) {
    return CannotFind(endpoint_, error.what());  // no thread to be had
  }
  std::unique_lock<std::mutex> lock(flight->mutex);
  if (flight->Await(lock, deadline)) return *flight->result;
  return Status(ErrorCode::kTimeout,
                "looking up " + endpoint_.ServerName() + " took too long");
}

}  // namespace appcache::net
