#include "adapters/redis/connection.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "adapters/redis/server_error.h"

namespace appcache::redis {
namespace {

// The request buffer keeps up to this capacity for the next request.
constexpr size_t kMaxKeptRequestBytes = size_t{64} << 10;

// Appends "*3\r\n" or "$5\r\n" (RESP, "Sending commands to a Redis server").
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
  // Reserves for the whole command: growing after a large value was appended
  // would copy the value.
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
  return stream_.is_usable() && outstanding_ == 0 && received_.empty() &&
         !reader_.IsInReply();
}

Status Connection::Send(const net::Deadline& deadline) {
  Status status = stream_.Send(request_, deadline);
  request_.clear();
  if (request_.capacity() > kMaxKeptRequestBytes) request_ = std::string();
  return status;
}

Status Connection::Parse(Reply& reply, bool& is_complete) {
  const ReplyReader::Result result = reader_.Next(received_, reply);
  is_complete = result == ReplyReader::Result::kReply;
  if (is_complete || result == ReplyReader::Result::kNeedsMore) return Status();
  stream_.Break();
  return ReaderFailed(result);
}

Status Connection::ReaderFailed(ReplyReader::Result result) {
  if (result == ReplyReader::Result::kOutOfMemory) return Status::OutOfMemory();
  if (result == ReplyReader::Result::kTooLarge) {
    return Status(
        ErrorCode::kTooLarge,
        stream_.server() + " sent " + std::string(reader_.limits().too_large));
  }
  return Status(ErrorCode::kUnavailable,
                stream_.server() +
                    " sent an invalid protocol reply: not a Redis server, or "
                    "TLS is required");
}

Status Connection::Receive(Reply& reply, const net::Deadline& deadline) {
  assert(outstanding_ > 0);
  for (;;) {
    bool is_complete = false;
    Status status = Parse(reply, is_complete);
    if (is_complete) --outstanding_;
    if (is_complete || !status.ok()) return status;
    status = stream_.Receive(received_, deadline);
    if (!status.ok()) return status;
  }
}

Status Connection::Await(Reply& reply, Awaited& awaited,
                         const net::Deadline& deadline) {
  awaited = Awaited::kNothing;
  bool is_complete = false;
  Status status = Parse(reply, is_complete);
  if (status.ok() && !is_complete) {
    status = stream_.AwaitSome(received_, deadline);
    if (!status.ok() || received_.empty()) return status;
    awaited = Awaited::kPart;
    status = Parse(reply, is_complete);
  }
  if (is_complete) awaited = Awaited::kReply;
  return status;
}

Result<std::unique_ptr<Connection>> Connection::Connect(
    net::Resolver& resolver, const Login& login,
    const net::Deadline& deadline) {
  std::unique_ptr<Connection> connection(
      new Connection(resolver.endpoint().ServerName(), login.reply_limits));
  Status status =
      connection->stream_.Connect(resolver, login.usual_timeout, deadline);
  if (status.ok()) status = connection->LogIn(login, deadline);
  if (!status.ok()) return status;
  connection->ready_at_ = net::Deadline::Clock::now();
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
