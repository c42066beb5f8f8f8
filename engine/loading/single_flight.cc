#include "engine/loading/single_flight.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace appcache {

class SingleFlight::Flight {
 public:
  const std::thread::id leader = std::this_thread::get_id();

  // Waits for a store in progress; after this there will be no other.
  void Supersede() {
    std::lock_guard<std::mutex> guard(store_mutex_);
    superseded_ = true;
  }

  void StoreUnlessSuperseded(const std::function<void()>& store) {
    std::lock_guard<std::mutex> guard(store_mutex_);
    if (!superseded_) store();
  }

  // False when nothing came in time, or nothing at all. Rethrows a failure.
  bool Wait(std::chrono::milliseconds max_wait, Bytes& bytes) {
    // The longest that can be asked for would overflow when added to now.
    const auto wait = std::min<std::chrono::milliseconds>(max_wait, kLongest);
    std::unique_lock<std::mutex> lock(mutex_);
    if (!landed_.wait_for(lock, wait, [this] { return done_; })) {
      return false;
    }
    if (failure_) std::rethrow_exception(failure_);
    if (!bytes_) return false;
    bytes = *bytes_;
    return true;
  }

  void Finish(std::optional<Bytes> value, std::exception_ptr error) noexcept {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      done_ = true;
      bytes_ = std::move(value);
      failure_ = std::move(error);
    }
    landed_.notify_all();
  }

 private:
  static constexpr std::chrono::hours kLongest{24 * 365};

  std::mutex store_mutex_;
  bool superseded_ = false;  // guarded by store_mutex_

  std::mutex mutex_;
  std::condition_variable landed_;
  bool done_ = false;  // guarded by mutex_, as are the next two
  std::optional<Bytes> bytes_;
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

void SingleFlight::Ticket::Land(const Bytes& bytes,
                                const std::function<void()>& store) {
  flight_->StoreUnlessSuperseded(store);
  owner_->landings_.fetch_add(1, std::memory_order_release);
  owner_->End(path_, flight_.get());
  flight_->Finish(bytes, nullptr);
  leads_ = false;
}

void SingleFlight::Ticket::Fail(std::exception_ptr failure) noexcept {
  owner_->End(path_, flight_.get());
  flight_->Finish(std::nullopt, std::move(failure));
  leads_ = false;
}

SingleFlight::Ticket::~Ticket() {
  if (flight_ == nullptr || !leads_) return;
  owner_->End(path_, flight_.get());
  flight_->Finish(std::nullopt, nullptr);
}

SingleFlight::Ticket::Outcome SingleFlight::Ticket::Wait(
    std::chrono::milliseconds max_wait, Bytes& bytes) {
  if (flight_->leader == std::this_thread::get_id()) return Outcome::kGaveUp;
  return flight_->Wait(max_wait, bytes) ? Outcome::kShared : Outcome::kGaveUp;
}

}  // namespace appcache
