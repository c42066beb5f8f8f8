#include "adapters/memcache/connection.h"

#include <cassert>

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
         received_.empty() && !reader_.IsInReply();
}

CommandBuffer& Connection::NewCommands() noexcept {
  assert(outstanding_ == 0);
  commands_.Clear();
  return commands_;
}

Status Connection::Begin() {
  unsent_ = commands_.bytes();
  outstanding_ = commands_.commands();
  return SendSome();
}

Status Connection::Receive(const net::Deadline& deadline) {
  assert(received_.empty());
  return stream_.Receive(received_, deadline);
}

Status Connection::ReceiveSome() {
  assert(received_.empty());
  return stream_.ReceiveSome(received_);
}

bool Connection::NextReply(Reply& reply, Status& status) {
  assert(outstanding_ > 0);
  switch (reader_.Next(received_, reply)) {
    case ReplyReader::Result::kReply:
      if (reply.type != Reply::Type::kValue) --outstanding_;
      return true;
    case ReplyReader::Result::kNeedsMore:
      return false;
    case ReplyReader::Result::kMalformed:
      status = UnexpectedReply();
      return false;
    case ReplyReader::Result::kTooLarge:
      Break();
      status = Status(ErrorCode::kTooLarge,
                      server() +
                          " has a value that is larger than max_item_bytes; "
                          "raise max_item_bytes to the server's -I");
      return false;
    case ReplyReader::Result::kOutOfMemory:
      break;
  }
  Break();
  status = Status::OutOfMemory();
  return false;
}

Status Connection::UnexpectedReply() {
  Break();
  return Status(ErrorCode::kUnavailable,
                server() +
                    " sent an invalid protocol reply: not a Memcached server, "
                    "or it requires TLS or the binary protocol");
}

}  // namespace appcache::memcache
