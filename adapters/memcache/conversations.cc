#include "adapters/memcache/conversations.h"

#include "adapters/memcache/item.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

// A line of keys is no longer than what memcached reads at a time (16 KiB) by
// far: a longer one costs it a buffer of its own.
constexpr size_t kMaxLineBytes = size_t{8} << 10;

}  // namespace

// REQUIRES: begin < keys_.size().
size_t Gets::EndOfLine(size_t begin) const noexcept {
  size_t bytes = 0;
  size_t end = begin;
  while (end < keys_.size() && bytes < kMaxLineBytes) {
    bytes += keys_[end++].view().size() + 1;
  }
  return end;
}

void Gets::Ask(Request& request) {
  for (Lookup<Bytes>& lookup : found_) lookup = Lookup<Bytes>::Miss();
  size_t at = 0;
  while (at < keys_.size()) {
    request.BeginGet();
    for (const size_t end = EndOfLine(at); at < end; ++at) {
      request.AddKey(keys_[at].view());
    }
    request.EndGet();
  }
  line_ = next_ = 0;
  line_end_ = EndOfLine(0);
}

// Servers answer in the order of the keys. Whoever does not (a proxy) is
// understood too.
bool Gets::TakeValue(Reply& reply) {
  const size_t count = line_end_ - line_;
  for (size_t tried = 0; tried < count; ++tried) {
    const size_t at = line_ + (next_ - line_ + tried) % count;
    if (keys_[at].view() != reply.text) continue;
    found_[at] = ToLookup(std::move(reply.bytes), keys_[at], server_);
    next_ = at + 1;
    return true;
  }
  return false;
}

void Gets::FailLine(const Status& status) {
  for (size_t at = line_; at < line_end_; ++at) {
    if (!found_[at]) found_[at] = Lookup<Bytes>::Failed(status);
  }
}

bool Gets::Take(Reply& reply) {
  if (reply.type == Type::kValue) return TakeValue(reply);
  if (reply.type == Type::kError) {
    FailLine(ServerError(reply.text, server_));
  } else if (reply.type != Type::kEnd) {
    return false;
  }
  line_ = next_ = line_end_;
  if (line_ < keys_.size()) line_end_ = EndOfLine(line_);
  return true;
}

void Sets::Ask(Request& request) {
  next_ = 0;
  failed_ = 0;
  first_failure_ = Status();
  for (const SetItem& item : items_) {
    if (item.is_too_large) {
      request.Delete(item.key.view());
    } else {
      request.Set(item.key.view(), item.exptime, HeaderOf(item.key),
                  item.value);
    }
  }
}

void Sets::Note(Status status) {
  ++failed_;
  if (first_failure_.ok()) first_failure_ = std::move(status);
}

bool Sets::Take(Reply& reply) {
  const SetItem& item = items_[next_++];
  if (reply.type == Type::kError) {
    Status failure = ServerError(reply.text, server_);
    Note(failure.Is(ErrorCode::kTooLarge)
             ? Status(ErrorCode::kTooLarge,
                      failure.error().message + "; its key is now empty")
             : std::move(failure));
    return true;
  }
  if (!item.is_too_large) return reply.type == Type::kStored;
  Note(Status(ErrorCode::kTooLarge,
              "a value of " + std::to_string(item.value.size()) +
                  " bytes does not fit into max_item_bytes with its key; its "
                  "key is now empty"));
  return reply.type == Type::kDeleted || reply.type == Type::kNotFound;
}

void Adding::Ask(Request& request) {
  is_answered_ = is_added_ = false;
  failure_ = Status();
  there_.reset();
  request.Add(item_.key.view(), item_.exptime, HeaderOf(item_.key),
              item_.value);
  if (!item_.key.is_hashed()) return;
  request.BeginGet();
  request.AddKey(item_.key.view());
  request.EndGet();
}

bool Adding::Take(Reply& reply) {
  if (reply.type == Type::kError) {
    is_answered_ = true;
    if (failure_.ok()) failure_ = ServerError(reply.text, server_);
    return true;
  }
  if (!is_answered_) {
    is_answered_ = true;
    is_added_ = reply.type == Type::kStored;
    return is_added_ || reply.type == Type::kNotStored;
  }
  if (reply.type == Type::kEnd) return true;
  if (reply.type != Type::kValue || reply.text != item_.key.view()) {
    return false;
  }
  there_ = ToLookup(std::move(reply.bytes), item_.key, server_);
  return true;
}

Result<bool> Adding::Outcome() const {
  if (is_added_) return true;
  if (!failure_.ok()) return failure_;
  if (!item_.key.is_hashed()) return false;
  if (there_ && there_->is_hit()) return false;
  if (there_ && there_->has_error()) return there_->status();
  return Status(ErrorCode::kBusy,
                there_ ? "an entry whose path has the same hash is in the way "
                         "on " +
                             server_ + "; invalidate this path first"
                       : "what was in the way on " + server_ +
                             " is gone since; nothing was changed, try again");
}

void Deletes::Ask(Request& request) {
  first_failure_ = Status();
  for (const WireKey& key : keys_) request.Delete(key.view());
}

bool Deletes::Take(Reply& reply) {
  if (reply.type == Type::kError) {
    if (first_failure_.ok()) first_failure_ = ServerError(reply.text, server_);
    return true;
  }
  return reply.type == Type::kDeleted || reply.type == Type::kNotFound;
}

bool Plain::Take(Reply& reply) {
  if (reply.type == Type::kError) {
    failure_ = ServerError(reply.text, server_);
    return true;
  }
  text_ = reply.text;
  return reply.type == expected_;
}

}  // namespace appcache::memcache
