#include "engine/loading/wait_graph.h"

#include <new>

#include "engine/support/process_local.h"

namespace appcache::internal {
namespace {

constinit ProcessLocal<WaitGraph> graph_of_process;

}  // namespace

WaitGraph::Wait::Wait(const Load& load) noexcept : load_(load) {
  WaitGraph* graph = nullptr;
  try {
    graph = &graph_of_process.Get();
  } catch (const std::bad_alloc&) {
    return;
  }
  MutexLock guard(graph->mutex_);
  closes_cycle_ = graph->ReachesThread(load_, thread_);
  if (closes_cycle_) return;
  graph_ = graph;
  next_ = graph->first_;
  if (next_ != nullptr) next_->previous_ = this;
  graph->first_ = this;
  ++graph->size_;
}

WaitGraph::Wait::~Wait() {
  if (graph_ == nullptr) return;
  MutexLock guard(graph_->mutex_);
  (previous_ == nullptr ? graph_->first_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  --graph_->size_;
}

bool WaitGraph::ReachesThread(const Load& load,
                              std::thread::id thread) const noexcept {
  const Load* at = &load;
  // Each step is another wait, unless an executor runs a job in a thread that
  // waits for it: the number of waits bounds that circle.
  for (size_t steps = 0; steps <= size_; ++steps) {
    const std::thread::id runs = at->thread();
    if (runs == thread) return true;
    const Wait* const wait = FindWaitOf(runs);
    if (wait == nullptr) return false;
    at = &wait->load_;
  }
  return false;
}

const WaitGraph::Wait* WaitGraph::FindWaitOf(
    std::thread::id thread) const noexcept {
  const Wait* wait = first_;
  while (wait != nullptr && wait->thread_ != thread) wait = wait->next_;
  return wait;
}

}  // namespace appcache::internal
