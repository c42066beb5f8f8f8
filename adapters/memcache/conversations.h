// What a Memcached server is asked for a cache: gets, sets, adds, deletes, and
// commands that name no key. (What is left of ttls: timed_gets.h.)

#ifndef APPCACHE_ADAPTERS_MEMCACHE_CONVERSATIONS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_CONVERSATIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/memcache/exchange.h"
#include "adapters/memcache/wire_key.h"
#include "engine/cache.h"

namespace appcache::memcache {

// Of each key its value. Every value that comes must be of a key that was
// asked for.
class Gets final : public Conversation {
 public:
  // `found` is as long as `keys`; both, and `server`, outlive this object.
  Gets(std::span<const WireKey> keys, std::span<Lookup<Bytes>> found,
       const std::string& server) noexcept
      : keys_(keys), found_(found), server_(server) {}

  void Ask(Request& request) override;
  bool Take(Reply& reply) override;

 private:
  size_t EndOfLine(size_t begin) const noexcept;
  bool TakeValue(Reply& reply);
  void FailLine(const Status& status);

  const std::span<const WireKey> keys_;
  const std::span<Lookup<Bytes>> found_;
  const std::string& server_;
  size_t line_ = 0;      // where the line begins that is being answered
  size_t line_end_ = 0;  // and where the next one does
  size_t next_ = 0;      // the key that is most likely the next answered
};

// One entry as it is sent.
struct SetItem {
  WireKey key;
  std::string_view value;
  int64_t exptime;
  // Nothing is sent but a delete.
  bool is_too_large;
};

class Sets final : public Conversation {
 public:
  // What is passed outlives this object.
  Sets(std::span<const SetItem> items, const std::string& server) noexcept
      : items_(items), server_(server) {}

  void Ask(Request& request) override;
  bool Take(Reply& reply) override;

  const Status& first_failure() const noexcept { return first_failure_; }
  uint64_t failed() const noexcept { return failed_; }

 private:
  void Note(Status status);

  const std::span<const SetItem> items_;
  const std::string& server_;
  size_t next_ = 0;
  Status first_failure_;
  uint64_t failed_ = 0;
};

// One entry, if there is none. Of a hashed key the item that is there is asked
// for with it: it may be another path's.
class Adding final : public Conversation {
 public:
  // What is passed outlives this object.
  Adding(const SetItem& item, const std::string& server) noexcept
      : item_(item), server_(server) {}

  void Ask(Request& request) override;
  bool Take(Reply& reply) override;

  // True: it was added. False: there is an entry of that path. kTooLarge,
  // kFull: the server refused it; kCorrupt: the item there is foreign; kBusy:
  // it is another path's, or was gone before it could be looked at. REQUIRES:
  // all was answered.
  Result<bool> Outcome() const;

 private:
  const SetItem& item_;
  const std::string& server_;
  bool is_answered_ = false;  // the add
  bool is_added_ = false;
  Status failure_;
  std::optional<Lookup<Bytes>> there_;  // of a hashed key, if there was an item
};

class Deletes final : public Conversation {
 public:
  // What is passed outlives this object.
  Deletes(std::span<const WireKey> keys, const std::string& server) noexcept
      : keys_(keys), server_(server) {}

  void Ask(Request& request) override;
  bool Take(Reply& reply) override;

  const Status& first_failure() const noexcept { return first_failure_; }

 private:
  const std::span<const WireKey> keys_;
  const std::string& server_;
  Status first_failure_;
};

// A command that names no key, and the kind of its answer.
class Plain final : public Conversation {
 public:
  // What is passed outlives this object.
  Plain(std::string_view command, Reply::Type expected,
        const std::string& server) noexcept
      : command_(command), expected_(expected), server_(server) {}

  void Ask(Request& request) override { request.Plain(command_); }
  bool Take(Reply& reply) override;

  const Status& failure() const noexcept { return failure_; }
  // The rest of the answer: a version.
  const std::string& text() const noexcept { return text_; }

 private:
  const std::string_view command_;
  const Reply::Type expected_;
  const std::string& server_;
  Status failure_;
  std::string text_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_CONVERSATIONS_H_
