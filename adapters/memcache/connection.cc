#include "adapters/memcache/connection.h"

namespace appcache::memcache {

Result<std::unique_ptr<Connection>> Connection::Connect(
    net::Resolver& resolver, const Settings& settings,
    const net::Deadline& deadline) {
  std::unique_ptr<Connection> connection(new Connection(
      resolver.endpoint().ServerName(), settings.max_value_bytes));
  Status status =
      connection->stream_.Connect(resolver, settings.timeout, deadline);
  if (!status.ok()) return status;
  return connection;
}

bool Connection::is_reusable() const noexcept {
  return stream_.is_usable() && outstanding_ == 0 && unsent_.empty() &&
         received_.empty() && !reader_.HasMore();
}

Status Connection::Begin() {
  unsent_ = request_.bytes();
  outstanding_ = request_.commands();
  stream_.BeginExchange();
  return SendSome();
}

bool Connection::NextReply(Reply& reply, Status& status) {
  switch (reader_.Next(received_, reply)) {
    case ReplyReader::Result::kReply:
      if (reply.type != Reply::Type::kValue) --outstanding_;
      return true;
    case ReplyReader::Result::kNeedsMore:
      return false;
    case ReplyReader::Result::kMalformed:
      status = Misfit();
      return false;
    case ReplyReader::Result::kTooLarge:
      stream_.Break();
      status = Status(ErrorCode::kTooLarge,
                      server() +
                          " holds a value that is larger than max_item_bytes; "
                          "raise that to the server's -I");
      return false;
    case ReplyReader::Result::kOutOfMemory:
      break;
  }
  stream_.Break();
  status = Status::OutOfMemory();
  return false;
}

Status Connection::Misfit() {
  stream_.Break();
  return Status(ErrorCode::kUnavailable,
                server() +
                    " does not answer as one; is it a Memcached server, and of "
                    "the text protocol (no TLS)?");
}

}  // namespace appcache::memcache
