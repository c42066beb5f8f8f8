// TimedGets: values, and what is left of their ttls, as the server tells both
// of one moment.
//
// Redis has no command that tells both, and between two commands of a pipeline
// the server may serve others: it runs what it has read, which of a request
// that comes in pieces is a part. A value that is replaced in between would get
// the other one's ttl, in either order; asking for the ttl on both sides of the
// value does not show a value that is replaced twice. So they are asked for
// between MULTI and EXEC, where nothing else comes in. bench/README.md says
// what that costs.

#ifndef APPCACHE_ADAPTERS_REDIS_TIMED_GETS_H_
#define APPCACHE_ADAPTERS_REDIS_TIMED_GETS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "engine/cache.h"

namespace appcache::redis {

// The paths of one request. Not thread-safe. Throws std::bad_alloc.
class TimedGets {
 public:
  // How values are asked for. Of a key that holds no string GET tells an error
  // and MGET nothing, as they do without a ttl.
  enum class By { kGet, kMget };

  // kGet: of one path. What is passed outlives this object.
  TimedGets(std::span<const std::string_view> paths, By by,
            const std::string& server)
      : paths_(paths), by_(by), server_(server) {
    found_.reserve(paths.size());
  }

  // For Client::Exchange.
  void Append(Connection& connection) const;
  void Take(Reply reply);

  // One for each path, once every reply has been taken.
  std::vector<Lookup<TimedBytes>>& found() noexcept { return found_; }

 private:
  void AppendTransaction(Connection& connection,
                         std::span<const std::string_view> paths) const;
  void TakeAnswers(std::span<Reply> answers, size_t count);

  const std::span<const std::string_view> paths_;
  const By by_;
  const std::string& server_;
  std::vector<Lookup<TimedBytes>> found_;

  // Of the transaction whose replies are being taken: how many there were, and
  // what the server has against one of its commands.
  size_t replies_ = 0;
  Status refused_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_TIMED_GETS_H_
