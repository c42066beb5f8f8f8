#include "engine/loading/single_flight.h"

#include <atomic>
#include <cassert>
#include <condition_variable>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/loading/wait_graph.h"
#include "engine/support/mutex.h"
#include "engine/support/shared_result.h"
#include "engine/support/test_point.h"

namespace appcache::internal {

class SingleFlight::Flight : public WaitGraph::Load {
 public:
  using Outcome = Ticket::Outcome;

  explicit Flight(std::string of) : path(std::move(of)) {}

  const std::string path;

  // How often its thread is in it again (Ticket::InOwn). Used by the thread
  // that leads it.
  int own_loads = 0;

  // Of a flight that began during a write of many paths, and is superseded: one
  // more than the number of such writes that had ended. 0: of another flight.
  std::atomic<uint64_t> writes_before{0};

  // Waits for a store in progress. No store begins afterwards.
  void Supersede() APPCACHE_EXCLUDES(mutex_) {
    UniqueMutexLock lock(mutex_);
    superseded_ = true;
    stored_.wait(lock.native(),
                 [this]() APPCACHE_REQUIRES(mutex_) { return !storing_; });
  }

  // False when the flight was superseded; then EndStore must not be called.
  bool BeginStore() APPCACHE_EXCLUDES(mutex_) {
    MutexLock guard(mutex_);
    assert(!storing_);
    if (superseded_) return false;
    storing_ = true;
    return true;
  }

  // REQUIRES: BeginStore has returned true.
  void EndStore() noexcept APPCACHE_EXCLUDES(mutex_) {
    MutexLock guard(mutex_);
    assert(storing_);
    storing_ = false;
    stored_.notify_all();
  }

  Outcome Wait(const Clock& clock, std::chrono::milliseconds max_wait,
               Bytes& bytes) const {
    const Completion* completion = completion_.Get();
    if (completion == nullptr) {
      if (thread() == std::this_thread::get_id()) {
        return own_loads == 0 ? Outcome::kOwn : Outcome::kCycle;
      }
      if (max_wait <= std::chrono::milliseconds(0)) return Outcome::kTimedOut;
      const WaitGraph::Wait wait(*this);
      if (wait.closes_cycle()) return Outcome::kCycle;
      completion = completion_.WaitFor(clock, max_wait);
    }
    if (completion == nullptr) return Outcome::kTimedOut;
    if (completion->failure) std::rethrow_exception(completion->failure);
    if (completion->outcome == Outcome::kShared) bytes = completion->bytes;
    return completion->outcome;
  }

  // One of these, once.
  void Publish(const std::optional<Bytes>& bytes) {
    SetThread(std::thread::id());
    completion_.Set({bytes ? Outcome::kShared : Outcome::kNothing,
                     bytes.value_or(Bytes()), nullptr});
  }
  // A null failure: the leader gave up.
  void Fail(std::exception_ptr failure) noexcept {
    SetThread(std::thread::id());
    completion_.Set({Outcome::kGaveUp, Bytes(), std::move(failure)});
  }

 private:
  struct Completion {
    Outcome outcome = Outcome::kGaveUp;
    Bytes bytes;
    std::exception_ptr failure;
  };

  SharedResult<Completion> completion_;

  Mutex mutex_;
  std::condition_variable stored_;
  bool superseded_ APPCACHE_GUARDED_BY(mutex_) = false;
  bool storing_ APPCACHE_GUARDED_BY(mutex_) = false;
};

SingleFlight::Ticket SingleFlight::Join(std::string_view path) {
  auto [flight, is_new] = flights_.Join(
      path, [this](const Flight& flight) { return IsJoinable(flight); });
  Ticket ticket(this, std::move(flight), is_new);
  if (is_new) {
    // A write of the path that ends before this does not see the flight. That
    // is harmless: the leader has not begun to load, and will load what the
    // write has left. A write that is in progress is seen below.
    in_progress_.fetch_add(1, std::memory_order_seq_cst);
    // In this order: a write that ends in between has written before the load.
    const uint64_t ended = ended_writes_of_many_.load();
    const bool is_in_write_of_many = writes_of_many_.load() != 0;
    TestPoint("flight.joined");
    // A later flight may take the place of one that is not joinable. Then no
    // write finds it, so it must be superseded now.
    if (is_in_write_of_many) ticket.flight_->writes_before = ended + 1;
    if (is_in_write_of_many || IsBeingWritten(path)) {
      ticket.flight_->Supersede();
    }
  }
  return ticket;
}

bool SingleFlight::IsJoinable(const Flight& flight) const noexcept {
  const uint64_t before = flight.writes_before.load();
  return before == 0 || before == ended_writes_of_many_.load() + 1;
}

bool SingleFlight::IsBeingWritten(std::string_view path) noexcept {
  return WritesOf(path).load(std::memory_order_seq_cst) != 0 ||
         writes_of_many_.load(std::memory_order_seq_cst) != 0;
}

void SingleFlight::Supersede(std::string_view path) {
  if (in_progress_.load(std::memory_order_seq_cst) == 0) return;
  const std::shared_ptr<Flight> flight = flights_.Find(path);
  if (flight == nullptr) return;
  flight->Supersede();
  // Removed only now: until here, another write to the path finds the flight
  // too, and waits for its store as this one did.
  flights_.Remove(*flight);
}

void SingleFlight::SupersedeAll() {
  if (in_progress_.load(std::memory_order_seq_cst) == 0) return;
  for (const std::shared_ptr<Flight>& flight : flights_.All()) {
    flight->Supersede();
    flights_.Remove(*flight);
  }
}

SingleFlight::Write::Write(SingleFlight& owner, std::string_view path)
    : owner_(owner), path_(path), writes_(owner.WritesOf(path)) {
  writes_.fetch_add(1, std::memory_order_seq_cst);
  owner_.Supersede(path_);
}

SingleFlight::Write::~Write() {
  // A flight that began during the write may have read the old value: later
  // callers must not join it.
  owner_.Supersede(path_);
  writes_.fetch_sub(1, std::memory_order_seq_cst);
}

SingleFlight::WriteMany::WriteMany(SingleFlight& owner) : owner_(owner) {
  owner_.writes_of_many_.fetch_add(1, std::memory_order_seq_cst);
}

SingleFlight::WriteMany::~WriteMany() {
  // Flights that began during the write may have read old values: later callers
  // must not join them.
  owner_.ended_writes_of_many_.fetch_add(1, std::memory_order_seq_cst);
  owner_.writes_of_many_.fetch_sub(1, std::memory_order_seq_cst);
}

void SingleFlight::End(const Flight& flight) {
  flights_.Remove(flight);
  in_progress_.fetch_sub(1, std::memory_order_seq_cst);
}

void SingleFlight::Ticket::HandOver() { flight_->SetThread(std::thread::id()); }

void SingleFlight::Ticket::LeadHere() {
  flight_->SetThread(std::this_thread::get_id());
}

void SingleFlight::Ticket::Publish(const std::optional<Bytes>& bytes,
                                   const std::function<void()>& store) {
  Publication publication{this, bytes};
  PublishAll({&publication, 1}, [&](std::span<const size_t> stored) {
    if (!stored.empty()) store();
  });
}

void SingleFlight::PublishAll(
    std::span<const Publication> publications,
    const std::function<void(std::span<const size_t>)>& store) {
  // Ends the stores that have begun, also when `store` throws.
  class Stores {
   public:
    explicit Stores(std::span<const Publication> publications)
        : publications_(publications) {
      begun_.reserve(publications.size());
    }
    ~Stores() {
      for (const size_t i : begun_) {
        publications_[i].ticket->flight_->EndStore();
      }
    }
    Stores(const Stores&) = delete;
    Stores& operator=(const Stores&) = delete;

    std::span<const size_t> Begin() {
      for (size_t i = 0; i < publications_.size(); ++i) {
        if (publications_[i].ticket->flight_->BeginStore()) begun_.push_back(i);
      }
      return begun_;
    }

   private:
    const std::span<const Publication> publications_;
    std::vector<size_t> begun_;
  };
  {
    Stores stores(publications);
    store(stores.Begin());
  }
  for (const Publication& publication : publications) {
    publication.ticket->Complete(publication.bytes);
  }
}

void SingleFlight::Ticket::Complete(const std::optional<Bytes>& bytes) {
  assert(leads_);
  owner_->completions_.fetch_add(1, std::memory_order_release);
  owner_->End(*flight_);
  flight_->Publish(bytes);
  leads_ = false;
}

void SingleFlight::Ticket::Fail(std::exception_ptr failure) noexcept {
  assert(leads_);
  owner_->End(*flight_);
  flight_->Fail(std::move(failure));
  leads_ = false;
}

SingleFlight::Ticket::InOwn::InOwn(const Ticket& ticket) noexcept
    : flight_(ticket.flight_) {
  ++flight_->own_loads;
}

SingleFlight::Ticket::InOwn::~InOwn() { --flight_->own_loads; }

SingleFlight::Ticket::~Ticket() {
  if (flight_ == nullptr || !leads_) return;
  owner_->End(*flight_);
  flight_->Fail(nullptr);
}

SingleFlight::Ticket::Outcome SingleFlight::Ticket::Wait(
    const Clock& clock, std::chrono::milliseconds max_wait, Bytes& bytes) {
  return flight_->Wait(clock, max_wait, bytes);
}

}  // namespace appcache::internal
