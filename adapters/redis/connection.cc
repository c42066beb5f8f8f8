#include "adapters/redis/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

// A request's buffer keeps its room, up to this much, for the next one.
constexpr size_t kMaxKeptRequestBytes = size_t{64} << 10;

// "*3\r\n" and "$5\r\n" (RESP, "Sending commands to a Redis server").
constexpr size_t kMaxDigits = 20;
constexpr size_t kMaxCountBytes = 1 + kMaxDigits + 2;
void AppendCount(char sign, size_t count, std::string& request) {
  char digits[kMaxDigits];
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
  // At once: what follows a large value would otherwise have it moved.
  size_t bytes = request_.size() + kMaxCountBytes;
  for (const std::string_view argument : arguments) {
    bytes += kMaxCountBytes + argument.size() + 2;
  }
  if (bytes > request_.capacity()) {
    request_.reserve(std::max(bytes, 2 * request_.capacity()));
  }
  BeginCommand(arguments.size());
  for (const std::string_view argument : arguments) AppendArgument(argument);
}

bool Connection::is_reusable() const noexcept {
  return stream_.is_usable() && outstanding_ == 0 && !reader_.HasMore();
}

Status Connection::Send(const net::Deadline& deadline) {
  Status status = stream_.Send(request_, deadline);
  request_.clear();
  if (request_.capacity() > kMaxKeptRequestBytes) request_ = std::string();
  return status;
}

Status Connection::Parse(Reply& reply, bool& is_there) {
  is_there = false;
  switch (reader_.Next(reply)) {
    case ReplyReader::Result::kReply:
      is_there = true;
      return Status();
    case ReplyReader::Result::kNeedsMore:
      return Status();
    case ReplyReader::Result::kOutOfMemory:
      stream_.Break();
      return Status::OutOfMemory();
    case ReplyReader::Result::kMalformed:
      break;
  }
  stream_.Break();
  return Status(ErrorCode::kUnavailable,
                stream_.server() +
                    " does not answer as one; is it a Redis server, and "
                    "of the plain protocol (no TLS)?");
}

Status Connection::Feed(std::string_view received) {
  if (reader_.Feed(received)) return Status();
  stream_.Break();
  return Status::OutOfMemory();
}

Status Connection::Receive(Reply& reply, const net::Deadline& deadline) {
  for (;;) {
    bool is_there = false;
    Status status = Parse(reply, is_there);
    if (is_there) --outstanding_;
    if (is_there || !status.ok()) return status;
    std::string_view received;
    status = stream_.Receive(received, deadline);
    if (status.ok()) status = Feed(received);
    if (!status.ok()) return status;
  }
}

Status Connection::Await(Reply& reply, bool& is_there,
                         const net::Deadline& deadline) {
  Status status = Parse(reply, is_there);
  if (is_there || !status.ok()) return status;
  std::string_view received;
  status = stream_.AwaitSome(received, deadline);
  if (status.ok() && !received.empty()) status = Feed(received);
  return status.ok() ? Parse(reply, is_there) : status;
}

Result<std::unique_ptr<Connection>> Connection::Connect(
    net::Resolver& resolver, const Login& login,
    const net::Deadline& deadline) {
  std::unique_ptr<Connection> connection(
      new Connection(resolver.endpoint().ServerName()));
  Status status =
      connection->stream_.Connect(resolver, login.timeout, deadline);
  if (status.ok()) status = connection->LogIn(login, deadline);
  if (!status.ok()) return status;
  return connection;
}

Status Connection::LogIn(const Login& login, const net::Deadline& deadline) {
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
      status = ServerError(reply.bytes.view(), stream_.server());
    }
  }
  return status;
}

}  // namespace appcache::redis
