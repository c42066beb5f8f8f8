#include "engine/loading/single_flight.h"

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <vector>

namespace appcache {

class SingleFlight::Flight {
 public:
  using Outcome = Ticket::Outcome;

  // Waits for a store in progress; after this there will be no other.
  void Supersede() {
    std::unique_lock<std::mutex> lock(mutex_);
    superseded_ = true;
    changed_.wait(lock, [this] { return !storing_; });
  }

  // False, and there is no EndStore, when it was superseded.
  bool BeginStore() {
    std::lock_guard<std::mutex> guard(mutex_);
    if (superseded_) return false;
    storing_ = true;
    return true;
  }

  void EndStore() noexcept {
    std::lock_guard<std::mutex> guard(mutex_);
    storing_ = false;
    changed_.notify_all();
  }

  Outcome Wait(const Clock& clock, std::chrono::milliseconds max_wait,
               Bytes& bytes) {
    // What can be asked for would overflow when added to now.
    const auto wait = std::clamp<std::chrono::milliseconds>(
        max_wait, std::chrono::milliseconds(0), kLongest);
    std::unique_lock<std::mutex> lock(mutex_);
    if (!done_) {
      if (leader_ == std::this_thread::get_id()) return Outcome::kGaveUp;
      clock.WaitUntil(lock, changed_, clock.Now() + wait,
                      [this] { return done_; });
    }
    if (!done_) return Outcome::kTimedOut;
    if (failure_) std::rethrow_exception(failure_);
    if (outcome_ == Outcome::kShared) bytes = bytes_;
    return outcome_;
  }

  void SetLeader(std::thread::id leader) {
    std::lock_guard<std::mutex> guard(mutex_);
    leader_ = leader;
  }

  void Land(const std::optional<Bytes>& bytes) {
    std::lock_guard<std::mutex> guard(mutex_);
    if (bytes) bytes_ = *bytes;
    Finish(bytes ? Outcome::kShared : Outcome::kNothing);
  }

  void Fail(std::exception_ptr failure) noexcept {
    std::lock_guard<std::mutex> guard(mutex_);
    failure_ = std::move(failure);
    Finish(Outcome::kGaveUp);
  }

 private:
  static constexpr std::chrono::hours kLongest{24 * 365};

  // REQUIRES: mutex_ is held.
  void Finish(Outcome outcome) noexcept {
    done_ = true;
    outcome_ = outcome;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_, as all that follows.
  std::thread::id leader_ = std::this_thread::get_id();
  bool superseded_ = false;
  bool storing_ = false;
  bool done_ = false;
  Outcome outcome_ = Outcome::kGaveUp;
  Bytes bytes_;
  std::exception_ptr failure_;
};

SingleFlight::Ticket SingleFlight::Join(std::string_view path) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto found = flights_.find(path);
  if (found != flights_.end()) {
    return Ticket(this, found->first, found->second, /*leads=*/false);
  }
  auto flight = std::make_shared<Flight>();
  Ticket ticket(this, std::string(path), flight, /*leads=*/false);
  flights_.emplace(ticket.path_, std::move(flight));
  in_progress_.fetch_add(1, std::memory_order_seq_cst);
  ticket.leads_ = true;
  lock.unlock();
  if (IsBeingWritten(path)) ticket.flight_->Supersede();
  return ticket;
}

void SingleFlight::Remove(std::string_view path, const Flight* flight) {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = flights_.find(path);
  if (found != flights_.end() && found->second.get() == flight) {
    flights_.erase(found);
  }
}

bool SingleFlight::IsBeingWritten(std::string_view path) noexcept {
  return WritesOf(path).load(std::memory_order_seq_cst) != 0 ||
         writes_of_many_.load(std::memory_order_seq_cst) != 0;
}

void SingleFlight::Supersede(std::string_view path) {
  if (in_progress_.load(std::memory_order_seq_cst) == 0) return;
  std::shared_ptr<Flight> flight;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto found = flights_.find(path);
    if (found == flights_.end()) return;
    flight = found->second;
  }
  flight->Supersede();
  // Off the table only now: until then another write to the path finds the
  // flight too, and waits for its store as this one did.
  Remove(path, flight.get());
}

void SingleFlight::SupersedeAll() {
  if (in_progress_.load(std::memory_order_seq_cst) == 0) return;
  Flights flights;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    flights = flights_;
  }
  for (const auto& [path, flight] : flights) {
    flight->Supersede();
    Remove(path, flight.get());
  }
}

SingleFlight::Write::Write(SingleFlight& owner, std::string_view path)
    : owner_(owner), path_(path), writes_(owner.WritesOf(path)) {
  writes_.fetch_add(1, std::memory_order_seq_cst);
  owner_.Supersede(path_);
}

SingleFlight::Write::~Write() {
  // One that began during the write leaves the table: who comes now may want
  // what was written.
  owner_.Supersede(path_);
  writes_.fetch_sub(1, std::memory_order_seq_cst);
}

SingleFlight::WriteMany::WriteMany(SingleFlight& owner) : owner_(owner) {
  owner_.writes_of_many_.fetch_add(1, std::memory_order_seq_cst);
}

SingleFlight::WriteMany::~WriteMany() {
  owner_.writes_of_many_.fetch_sub(1, std::memory_order_seq_cst);
}

void SingleFlight::End(std::string_view path, const Flight* flight) {
  Remove(path, flight);
  in_progress_.fetch_sub(1, std::memory_order_seq_cst);
}

void SingleFlight::Ticket::HandOver() { flight_->SetLeader(std::thread::id()); }

void SingleFlight::Ticket::LeadHere() {
  flight_->SetLeader(std::this_thread::get_id());
}

void SingleFlight::Ticket::Land(const std::optional<Bytes>& bytes,
                                const std::function<void()>& store) {
  Landing landing{this, bytes};
  LandAll({&landing, 1}, [&](std::span<const size_t> stored) {
    if (!stored.empty()) store();
  });
}

void SingleFlight::LandAll(
    std::span<const Landing> landings,
    const std::function<void(std::span<const size_t>)>& store) {
  // Ends those stores that have begun, also when one throws.
  class Stores {
   public:
    explicit Stores(std::span<const Landing> landings) : landings_(landings) {
      begun_.reserve(landings.size());
    }
    ~Stores() {
      for (const size_t i : begun_) landings_[i].ticket->flight_->EndStore();
    }
    Stores(const Stores&) = delete;
    Stores& operator=(const Stores&) = delete;

    std::span<const size_t> Begin() {
      for (size_t i = 0; i < landings_.size(); ++i) {
        if (landings_[i].ticket->flight_->BeginStore()) begun_.push_back(i);
      }
      return begun_;
    }

   private:
    const std::span<const Landing> landings_;
    std::vector<size_t> begun_;
  };
  {
    Stores stores(landings);
    store(stores.Begin());
  }
  for (const Landing& landing : landings) landing.ticket->End(landing.bytes);
}

void SingleFlight::Ticket::End(const std::optional<Bytes>& bytes) {
  owner_->landings_.fetch_add(1, std::memory_order_release);
  owner_->End(path_, flight_.get());
  flight_->Land(bytes);
  leads_ = false;
}

void SingleFlight::Ticket::Fail(std::exception_ptr failure) noexcept {
  owner_->End(path_, flight_.get());
  flight_->Fail(std::move(failure));
  leads_ = false;
}

SingleFlight::Ticket::~Ticket() {
  if (flight_ == nullptr || !leads_) return;
  owner_->End(path_, flight_.get());
  flight_->Fail(nullptr);
}

SingleFlight::Ticket::Outcome SingleFlight::Ticket::Wait(
    const Clock& clock, std::chrono::milliseconds max_wait, Bytes& bytes) {
  return flight_->Wait(clock, max_wait, bytes);
}

}  // namespace appcache
