#include "adapters/redis/connection.h"

#include <charconv>
#include <new>
#include <system_error>
#include <utility>

#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

// A request's buffer keeps its room, up to this much, for the next one.
constexpr size_t kMaxKeptRequestBytes = size_t{64} << 10;

// "*3\r\n" and "$5\r\n" (RESP, "Sending commands to a Redis server").
void AppendCount(char sign, size_t count, std::string& request) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), count).ptr;
  request += sign;
  request.append(digits, end);
  request += "\r\n";
}

}  // namespace

void Connection::BeginCommand(size_t count) {
  AppendCount('*', count, request_);
  ++outstanding_;
}

void Connection::AppendArgument(std::string_view argument) {
  AppendCount('$', argument.size(), request_);
  request_ += argument;
  request_ += "\r\n";
}

void Connection::Append(std::initializer_list<std::string_view> arguments) {
  BeginCommand(arguments.size());
  for (const std::string_view argument : arguments) AppendArgument(argument);
}

bool Connection::is_reusable() const noexcept {
  return !broken_ && outstanding_ == 0 && !reader_.HasMore() &&
         !fork_guard_.in_child();
}

Status Connection::Failed(SocketResult result) {
  broken_ = true;
  died_unheard_ = result == SocketResult::kClosed && !heard_;
  if (result == SocketResult::kTimedOut) {
    return Status(ErrorCode::kTimeout,
                  "the Redis server " + server_ + " did not answer in time");
  }
  if (result == SocketResult::kClosed) {
    return Status(ErrorCode::kUnavailable,
                  "the Redis server " + server_ + " closed the connection",
                  socket_.error());
  }
  return Status(ErrorCode::kUnavailable,
                "the connection to the Redis server " + server_ + " failed: " +
                    std::generic_category().message(socket_.error()),
                socket_.error());
}

Status Connection::Send(const Deadline& deadline) {
  heard_ = false;
  const SocketResult sent = socket_.Send(request_, deadline);
  request_.clear();
  if (request_.capacity() > kMaxKeptRequestBytes) request_ = std::string();
  return sent == SocketResult::kDone ? Status() : Failed(sent);
}

Status Connection::Receive(Reply& reply, const Deadline& deadline) {
  for (;;) {
    switch (reader_.Next(reply)) {
      case ReplyReader::Result::kReply:
        --outstanding_;
        return Status();
      case ReplyReader::Result::kNeedsMore:
        break;
      case ReplyReader::Result::kOutOfMemory:
        broken_ = true;
        return Status::OutOfMemory();
      case ReplyReader::Result::kMalformed:
        broken_ = true;
        return Status(ErrorCode::kUnavailable,
                      server_ +
                          " does not answer as a Redis server; is it "
                          "one, and of the plain protocol (no TLS)?");
    }
    size_t received = 0;
    const SocketResult result =
        socket_.Receive(buffer_.data(), buffer_.size(), deadline, received);
    if (result != SocketResult::kDone) return Failed(result);
    heard_ = true;
    if (!reader_.Feed({buffer_.data(), received})) {
      broken_ = true;
      return Status::OutOfMemory();
    }
  }
}

Result<std::unique_ptr<Connection>> Connection::Connect(
    Resolver& resolver, const Login& login, const Deadline& deadline) {
  const Result<std::vector<Address>> addresses = resolver.Resolve(deadline);
  if (!addresses.ok()) return addresses.status();
  std::unique_ptr<Connection> connection(
      new Connection(resolver.endpoint().ToString()));
  Status status = connection->ConnectToAny(*addresses, login.timeout, deadline);
  if (status.ok()) status = connection->LogIn(login, deadline);
  if (!status.ok()) return status;
  return connection;
}

Status Connection::ConnectToAny(const std::vector<Address>& addresses,
                                std::chrono::milliseconds timeout,
                                const Deadline& deadline) {
  SocketResult result = SocketResult::kFailed;
  for (const Address& address : addresses) {
    result = socket_.Connect(address, timeout, deadline);
    if (result == SocketResult::kDone) return Status();
  }
  if (result == SocketResult::kTimedOut) {
    return Status(ErrorCode::kTimeout,
                  "cannot reach the Redis server " + server_ + " in time");
  }
  return Status(ErrorCode::kUnavailable,
                "cannot connect to the Redis server " + server_ + ": " +
                    std::generic_category().message(socket_.error()),
                socket_.error());
}

Status Connection::LogIn(const Login& login, const Deadline& deadline) {
  if (!login.password.empty()) {
    if (login.user.empty()) {
      Append({"AUTH", login.password});
    } else {
      Append({"AUTH", login.user, login.password});
    }
  }
  if (login.database != 0) {
    Append({"SELECT", std::to_string(login.database)});
  }
  if (outstanding_ == 0) return Status();
  Status status = Send(deadline);
  while (status.ok() && outstanding_ > 0) {
    Reply reply;
    status = Receive(reply, deadline);
    if (status.ok() && !reply.is_ok()) {
      status = ServerError(reply.bytes.view(), server_);
    }
  }
  return status;
}

}  // namespace appcache::redis
