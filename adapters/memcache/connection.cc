#include "adapters/memcache/connection.h"

#include <cassert>

#include "adapters/memcache/server_error.h"
#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {
namespace {

constexpr std::string_view kQuestions = "version\r\nmn\r\n";
constexpr size_t kQuestionCount = 2;

}  // namespace

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
  is_asking_ = commands_.has_base64_keys() && !knows_base64_keys();
  return is_asking_ ? Send(kQuestions, kQuestionCount)
                    : Send(commands_.bytes(), commands_.commands());
}

Status Connection::Send(std::string_view bytes, size_t commands) {
  unsent_ = bytes;
  outstanding_ = commands;
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
  while (TakeReply(reply, status)) {
    if (!is_asking_) return true;
    status = HandleAnswer(reply);
    // The commands have just been sent: there is no reply to them yet.
    if (!status.ok() || !is_asking_) return false;
  }
  return false;
}

void Connection::Note(const Reply& reply) noexcept {
  if (reply.type == Reply::Type::kVersion) {
    is_new_enough_ = HasBase64Keys(reply.text);
  } else if (reply.type == Reply::Type::kMetaNoOp) {
    has_meta_ = true;
  }
}

Status Connection::HandleAnswer(const Reply& reply) {
  assert(is_asking_);
  if (reply.type == Reply::Type::kError) {
    Break();
    return ServerError(reply.text, server());
  }
  const bool is_last = outstanding_ == 0;
  const Reply::Type expected =
      is_last ? Reply::Type::kMetaNoOp : Reply::Type::kVersion;
  if (reply.type != expected) return UnexpectedReply();
  if (!is_new_enough_) {
    Break();
    return Status(ErrorCode::kUnsupported,
                  server() +
                      " does not know base64 keys, but an earlier server at "
                      "its address did; try again");
  }
  if (!is_last) return Status();
  // Answers that came before the questions answer nothing. What follows the
  // answers would become the reply to the first command.
  if (wants_to_send() || !received_.empty()) return UnexpectedReply();
  is_asking_ = false;
  return Send(commands_.bytes(), commands_.commands());
}

bool Connection::TakeReply(Reply& reply, Status& status) {
  assert(outstanding_ > 0);
  switch (reader_.Next(received_, reply)) {
    case ReplyReader::Result::kReply:
      if (reply.type != Reply::Type::kValue) --outstanding_;
      Note(reply);
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
