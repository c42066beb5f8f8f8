#include "adapters/memcache/exchange.h"

#include <poll.h>

#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/memcache/server_error.h"
#include "adapters/net/socket.h"
#include "adapters/net/stream.h"

namespace appcache::memcache {
namespace {

using Pool = net::Pool<Connection>;

// A call, with its connection while replies are outstanding.
struct ActiveCall {
  ServerCall* call;
  std::optional<Pool::Lease> lease = {};

  Connection& connection() { return **lease; }
  Status& status() { return call->status; }

  // Returns the connection to the pool if the call has succeeded or failed.
  void ReleaseIfDone() {
    if (!lease || (status().ok() && connection().outstanding() > 0)) return;
    const bool was_idle = lease->was_idle();
    lease.reset();
    call->was_dropped = net::IsDrop(status());
    // The server has most likely closed the other idle connections too.
    if (call->was_dropped && was_idle) call->pool->DropIdle();
  }
};

void HandleReplies(ActiveCall& active) {
  Connection& connection = active.connection();
  Reply reply;
  while (active.status().ok() && connection.outstanding() > 0 &&
         connection.NextReply(reply, active.status())) {
    if (reply.type == Reply::Type::kError && !IsInStepAfter(reply.text)) {
      connection.Break();
      active.status() = ServerError(reply.text, connection.server());
    } else if (!active.call->request->HandleReply(reply)) {
      active.status() = connection.UnexpectedReply();
    }
  }
}

// Takes a connection and begins to send. Gets an equal share of the remaining
// time, so that servers that cannot be reached leave time for the others.
void Begin(ActiveCall& active, size_t calls_left,
           const net::Deadline& deadline) {
  assert(calls_left > 0);
  Result<Pool::Lease> lease = active.call->pool->Take(
      calls_left == 1 ? deadline
                      : deadline.Sooner(deadline.Left() / calls_left));
  if (!lease.ok()) {
    active.status() = lease.status();
    return;
  }
  active.lease.emplace(*std::move(lease));
  active.call->request->AppendCommands(active.connection().NewCommands());
  active.status() = active.connection().Begin();
}

// Waits until any of the connections is ready, then sends and receives what it
// can without waiting. At the deadline, all the calls time out.
void Continue(const std::vector<ActiveCall*>& pending,
              const net::Deadline& deadline) {
  std::vector<pollfd> waiting;
  waiting.reserve(pending.size());
  for (ActiveCall* const active : pending) {
    Connection& connection = active->connection();
    const int events = connection.wants_to_send() ? POLLIN | POLLOUT : POLLIN;
    waiting.push_back({connection.descriptor(), static_cast<short>(events), 0});
  }
  // Also checked when there is something to receive: a server that sends
  // without end must not hold the call.
  const bool any_ready =
      !deadline.HasExpired() &&
      net::WaitForAny(waiting, deadline) == net::SocketResult::kDone;
  for (size_t i = 0; i < pending.size(); ++i) {
    Connection& connection = pending[i]->connection();
    Status& status = pending[i]->status();
    if (!any_ready) {
      status = connection.TimeOut();
      continue;
    }
    const int ready = waiting[i].revents;
    if ((ready & POLLOUT) != 0) status = connection.SendSome();
    if (status.ok() && (ready & ~POLLOUT) != 0) {
      status = connection.ReceiveSome();
      if (status.ok()) HandleReplies(*pending[i]);
    }
  }
}

// Waits for the replies of the only pending call, whose request has been sent.
void AwaitReplies(ActiveCall& active, const net::Deadline& deadline) {
  active.status() = active.connection().Receive(deadline);
  if (active.status().ok()) HandleReplies(active);
}

void ExchangeOnce(std::span<ServerCall* const> calls,
                  const net::Deadline& deadline) {
  std::vector<ActiveCall> all;
  all.reserve(calls.size());
  for (ServerCall* const call : calls) {
    call->status = Status();
    call->was_dropped = false;
    const size_t calls_left = calls.size() - all.size();
    Begin(all.emplace_back(ActiveCall{call}), calls_left, deadline);
  }
  std::vector<ActiveCall*> pending;
  pending.reserve(all.size());
  for (;;) {
    pending.clear();
    for (ActiveCall& active : all) {
      active.ReleaseIfDone();
      if (active.lease) pending.push_back(&active);
    }
    if (pending.empty()) return;
    if (pending.size() == 1 && !pending[0]->connection().wants_to_send()) {
      AwaitReplies(*pending[0], deadline);
    } else {
      Continue(pending, deadline);
    }
  }
}

}  // namespace

void Exchange(std::span<ServerCall> calls, const net::Deadline& deadline,
              Retry retry) {
  std::vector<ServerCall*> some;
  some.reserve(calls.size());
  for (ServerCall& call : calls) {
    assert(call.pool != nullptr);
    assert(call.request != nullptr);
    some.push_back(&call);
  }
  ExchangeOnce(some, deadline);
  if (retry == Retry::kNever) return;
  some.clear();
  for (ServerCall& call : calls) {
    if (call.was_dropped) some.push_back(&call);
  }
  if (!some.empty()) ExchangeOnce(some, deadline);
}

}  // namespace appcache::memcache
