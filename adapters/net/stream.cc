#include "adapters/net/stream.h"

#include <cassert>
#include <cerrno>
#include <system_error>
#include <vector>

namespace appcache::net {

bool IsDrop(const Status& status) noexcept {
  if (!status.Is(ErrorCode::kUnavailable)) return false;
  const int error = status.error().native_code;
  return error == ECONNRESET || error == EPIPE;
}

Status Stream::Failed(SocketResult result) {
  broken_ = true;
  if (result == SocketResult::kTimedOut) {
    return Status(ErrorCode::kTimeout, server_ + " did not answer in time");
  }
  if (result == SocketResult::kClosed) {
    return Status(ErrorCode::kUnavailable, server_ + " closed the connection",
                  socket_.error());
  }
  return Status(ErrorCode::kUnavailable,
                "the connection to " + server_ + " failed: " +
                    std::generic_category().message(socket_.error()),
                socket_.error());
}

Status Stream::Send(std::string_view request, const Deadline& deadline) {
  const SocketResult sent = socket_.Send(request, deadline);
  return sent == SocketResult::kDone ? Status() : Failed(sent);
}

Status Stream::Receive(std::string_view& received, const Deadline& deadline) {
  size_t size = 0;
  const SocketResult result =
      socket_.Receive(buffer_.data(), buffer_.size(), deadline, size);
  if (result != SocketResult::kDone) return Failed(result);
  received = {buffer_.data(), size};
  return Status();
}

Status Stream::SendSome(std::string_view& unsent) {
  const SocketResult sent = socket_.SendSome(unsent);
  if (sent == SocketResult::kClosed) unsent = {};
  return sent == SocketResult::kFailed ? Failed(sent) : Status();
}

Status Stream::ReceiveSome(std::string_view& received) {
  size_t size = 0;
  const SocketResult result =
      socket_.ReceiveSome(buffer_.data(), buffer_.size(), size);
  if (result != SocketResult::kDone) return Failed(result);
  received = {buffer_.data(), size};
  return Status();
}

Status Stream::AwaitSome(std::string_view& received, const Deadline& deadline) {
  Status status = ReceiveSome(received);
  if (!status.ok() || !received.empty()) return status;
  const SocketResult waited = socket_.AwaitInput(deadline);
  if (waited == SocketResult::kTimedOut) return Status();
  return waited == SocketResult::kDone ? ReceiveSome(received) : Failed(waited);
}

Status Stream::Connect(Resolver& resolver,
                       std::chrono::milliseconds usual_timeout,
                       const Deadline& deadline) {
  const Result<std::vector<Address>> addresses = resolver.Resolve(deadline);
  if (!addresses.ok()) return addresses.status();
  assert(!addresses->empty());
  SocketResult result = SocketResult::kFailed;
  size_t addresses_left = addresses->size();
  for (const Address& address : *addresses) {
    const Deadline part = deadline.Sooner(deadline.Left() / addresses_left--);
    result = socket_.Connect(address, usual_timeout, part);
    if (result == SocketResult::kDone) return Status();
  }
  broken_ = true;
  if (result == SocketResult::kTimedOut) {
    return Status(ErrorCode::kTimeout, "cannot reach " + server_ + " in time");
  }
  return Status(ErrorCode::kUnavailable,
                "cannot connect to " + server_ + ": " +
                    std::generic_category().message(socket_.error()),
                socket_.error());
}

}  // namespace appcache::net
