// TimedGetRequest: reads values and their remaining ttls as of one moment.
//
// Redis has no command that returns both, and between two commands of a
// pipeline it may serve other clients: it runs the part of a request that has
// arrived. A value that another client replaces in between would be returned
// with the ttl of the other value, whichever is read first; reading the ttl
// before and after the value does not detect a value that is replaced twice. So
// the commands run between MULTI and EXEC, where no other client is served.
// bench/README.md has the cost.

#ifndef APPCACHE_ADAPTERS_REDIS_TIMED_GET_REQUEST_H_
#define APPCACHE_ADAPTERS_REDIS_TIMED_GET_REQUEST_H_

#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "appcache/backend.h"

namespace appcache::redis {

// Not thread-safe. Throws std::bad_alloc.
class TimedGetRequest {
 public:
  // The command that reads the values. They differ on a key that does not hold
  // a string: GET fails, and MGET finds nothing.
  enum class By { kGet, kMget };

  // REQUIRES: one path for kGet. The arguments must outlive this object.
  TimedGetRequest(std::span<const std::string_view> paths, By by,
                  const std::string& server)
      : paths_(paths), by_(by), server_(server) {
    assert(by == By::kMget || paths.size() == 1);
    found_.reserve(paths.size());
  }

  // The arguments of Client::Exchange. AppendTo forgets the replies handled so
  // far. HandleReply returns an error if the reply is out of step (result.h),
  // and for a transaction that the server refuses.
  void AppendTo(Connection& connection);
  Status HandleReply(Reply reply);

  // One Lookup for each path, once every reply has been handled and none was
  // out of step.
  std::vector<Lookup<TimedBytes>>& found() noexcept { return found_; }

 private:
  void AppendTransaction(Connection& connection,
                         std::span<const std::string_view> paths) const;
  // Converts the reply to EXEC.
  Status HandleResults(std::span<Reply> results, size_t count);
  // Appends `count` failures. Returns `status`.
  Status Fail(size_t count, const Status& status);

  const std::span<const std::string_view> paths_;
  const By by_;
  const std::string& server_;
  std::vector<Lookup<TimedBytes>> found_;

  // In the current transaction: the number of replies so far, and the first
  // error reply.
  size_t replies_ = 0;
  Status refused_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_TIMED_GET_REQUEST_H_
