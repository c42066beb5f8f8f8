#include "adapters/memcache/exchange.h"

#include <poll.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/memcache/server_error.h"
#include "adapters/net/socket.h"

namespace appcache::memcache {
namespace {

using Pool = net::Pool<Connection>;

// A share, and its connection while replies are missing.
struct Active {
  Share* share;
  std::optional<Pool::Lease> lease = {};

  Connection& connection() { return **lease; }
  Status& status() { return share->status; }

  // Closes the connection, or gives it back, once there is no more to come.
  void EndIfOver() {
    if (!lease || (status().ok() && connection().outstanding() > 0)) return;
    share->died_idle =
        !status().ok() && lease->was_idle() && connection().died_unheard();
    lease.reset();
  }
};

void TakeReplies(Active& active) {
  Connection& connection = active.connection();
  Reply reply;
  while (active.status().ok() && connection.outstanding() > 0 &&
         connection.NextReply(reply, active.status())) {
    if (reply.type == Reply::Type::kError && !IsInStepAfter(reply.text)) {
      connection.Break();
      active.status() = ServerError(reply.text, connection.server());
    } else if (!active.share->conversation->Take(reply)) {
      active.status() = connection.Misfit();
    }
  }
}

// Of the time that is left a share's connection gets its part, so that servers
// that cannot be reached leave some to those that can.
void Begin(Active& active, size_t shares_left, const net::Deadline& deadline) {
  Result<Pool::Lease> lease = active.share->pool->Take(
      shares_left == 1 ? deadline
                       : deadline.Sooner(deadline.Left() / shares_left));
  if (!lease.ok()) {
    active.status() = lease.status();
    return;
  }
  active.lease.emplace(*std::move(lease));
  active.share->conversation->Ask(active.connection().NewRequest());
  active.status() = active.connection().Begin();
}

// Waits for any of them, and goes on with those that are ready.
void GoOn(std::vector<Active*>& going, const net::Deadline& deadline) {
  std::vector<pollfd> waiting;
  waiting.reserve(going.size());
  for (Active* const active : going) {
    Connection& connection = active->connection();
    const int events = connection.wants_to_send() ? POLLIN | POLLOUT : POLLIN;
    waiting.push_back({connection.descriptor(), static_cast<short>(events), 0});
  }
  const bool any =
      net::WaitForAny(waiting, deadline) == net::SocketResult::kDone;
  for (size_t i = 0; i < going.size(); ++i) {
    Connection& connection = going[i]->connection();
    Status& status = going[i]->status();
    if (!any) {
      status = connection.TimeOut();
      continue;
    }
    const int ready = waiting[i].revents;
    if ((ready & POLLOUT) != 0) status = connection.SendSome();
    if (status.ok() && (ready & ~POLLOUT) != 0) {
      status = connection.ReceiveSome();
      if (status.ok()) TakeReplies(*going[i]);
    }
  }
}

void ExchangeOnce(std::span<Share* const> shares,
                  const net::Deadline& deadline) {
  std::vector<Active> all;
  all.reserve(shares.size());
  for (Share* const share : shares) {
    share->status = Status();
    share->died_idle = false;
    const size_t shares_left = shares.size() - all.size();
    Begin(all.emplace_back(Active{share}), shares_left, deadline);
  }
  std::vector<Active*> going;
  going.reserve(all.size());
  for (;;) {
    going.clear();
    for (Active& active : all) {
      active.EndIfOver();
      if (active.lease) going.push_back(&active);
    }
    if (going.empty()) return;
    if (going.size() > 1 || going[0]->connection().wants_to_send()) {
      GoOn(going, deadline);
      continue;
    }
    // The last one, and mostly the only one: nothing but its reply to wait for.
    going[0]->status() = going[0]->connection().Receive(deadline);
    if (going[0]->status().ok()) TakeReplies(*going[0]);
  }
}

}  // namespace

void Exchange(std::span<Share> shares, const net::Deadline& deadline,
              bool may_repeat) {
  std::vector<Share*> some;
  some.reserve(shares.size());
  for (Share& share : shares) some.push_back(&share);
  ExchangeOnce(some, deadline);
  if (!may_repeat) return;
  some.clear();
  for (Share& share : shares) {
    if (!share.died_idle) continue;
    // Those beside it have been closed too, most likely.
    share.pool->DropIdle();
    some.push_back(&share);
  }
  if (!some.empty()) ExchangeOnce(some, deadline);
}

}  // namespace appcache::memcache
