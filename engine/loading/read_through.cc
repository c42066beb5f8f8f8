#include "engine/loading/read_through.h"

#include <string>
#include <utility>

namespace appcache::internal {

LoadAnswer LoadAlone(LoadManager& manager, LoadCall& call) {
  CallLoader(manager, call, kOnlyKey);
  return call.outcome(0).is_found ? LoadAnswer::kLoaded : LoadAnswer::kNone;
}

void ThrowLoadCycle() {
  throw LoadCycle(
      "a loader would wait for itself: it asks for a key whose loader waits, "
      "directly or through others, for this one");
}

LoadAnswer ReadThrough::Run() {
  const Status failure = Prepare();
  if (age_ == Age::kDue) Refresh();
  if (age_ >= Age::kDue) return LoadAnswer::kParsed;
  if (is_absent_) {
    Count(&LoadCounters::negative_hits);
    return LoadAnswer::kNone;
  }
  if (!ticket_ || !ticket_->is_leader()) {
    if (has_value()) return Stale();
    if (ticket_) return Follow();
    manager_.WarnNotStored(failure);
    return LoadAlone(manager_, call_);
  }
  if (HasCompleted()) {
    Bytes found;
    Look(&found);
    if (age_ >= Age::kDue) {
      try {
        ticket_->Publish(found, [] {});
      } catch (...) {
        // Without memory to share it, each of those who wait loads it.
      }
      return LoadAnswer::kParsed;
    }
  }
  return Lead();
}

Status ReadThrough::Prepare() noexcept {
  return WithoutExceptions<Status>([&] {
    loads_ = &manager_.loads();
    completions_ = loads_->flights.completions();
    Look();
    if (age_ >= Age::kDue || (has_value() && IsPaused())) return Status();
    is_absent_ = call_.may_find_none() && !has_value() &&
                 loads_->absences.Contains(path_, manager_.Now());
    if (!is_absent_) ticket_.emplace(loads_->flights.Join(path_));
    return Status();
  });
}

void ReadThrough::Look(Bytes* found) noexcept {
  age_ = Age::kMissing;
  try {
    CodedBackend& store = manager_.store();
    if (NeedsTtl(options_) && store.supports_ttl_query()) {
      Lookup<TimedBytes> raw = store.ReadTimed(path_);
      if (!raw) return;
      if (found != nullptr) *found = raw->value;
      Take(std::move(raw->value), AgeOf(raw->remaining_ttl, options_));
    } else if (Lookup<Bytes> raw = store.Read(path_)) {
      if (found != nullptr) *found = *raw;
      Take(*std::move(raw), Age::kFresh);
    }
  } catch (...) {
    // The backend threw, or memory is exhausted: a miss.
  }
}

void ReadThrough::Take(Bytes&& bytes, Age age) {
  if (call_.Parse(0, std::move(bytes))) age_ = age;
}

bool ReadThrough::IsPaused() const {
  return loads_->pauses.Contains(path_, manager_.Now());
}

bool ReadThrough::HasCompleted() const {
  return loads_->flights.completions() != completions_;
}

void ReadThrough::Refresh() noexcept {
  try {
    if (IsPaused()) return;
    ticket_.emplace(loads_->flights.Join(path_));
    if (!ticket_->is_leader() || HasCompleted()) return;
    if (StartInBackground()) Count(&LoadCounters::refreshes);
  } catch (...) {
    // A later reader will start it.
  }
}

bool ReadThrough::StartInBackground() noexcept {
  try {
    job_ = BackgroundLoad::Make(manager_, call_, path_, options_, has_value(),
                                *ticket_);
  } catch (...) {
    return false;
  }
  if (job_ == nullptr || !BackgroundLoad::Start(*options_.executor, job_)) {
    return false;
  }
  job_.reset();
  return true;
}

LoadAnswer ReadThrough::Stale() {
  Count(&LoadCounters::stale_served);
  return LoadAnswer::kParsed;
}

LoadAnswer ReadThrough::Follow() {
  const auto hard = options_.executor ? options_.hard_timeout : std::nullopt;
  Outcome outcome;
  if (auto answer =
          Await(*ticket_, hard.value_or(options_.max_wait), outcome)) {
    Count(&LoadCounters::shared);
    return *answer;
  }
  if (hard && outcome == Outcome::kTimedOut) ThrowTimeout();
  if (outcome == Outcome::kCycle) ThrowLoadCycle();
  if (outcome != Outcome::kOwn) return LoadAlone(manager_, call_);
  const Ticket::InOwn again(*ticket_);
  return LoadAlone(manager_, call_);
}

LoadAnswer ReadThrough::Lead() {
  const auto limit =
      has_value() ? options_.soft_timeout : options_.hard_timeout;
  if (limit && options_.executor) {
    Ticket own = ticket_->Follow();
    if (StartInBackground()) return AwaitOwn(own, *limit);
  }
  if (!has_value()) return LoadHere();
  try {
    return LoadHere();
  } catch (...) {
    return Stale();
  }
}

LoadAnswer ReadThrough::LoadHere() {
  const std::optional<LoadAnswer> answer = RunHere();
  return answer ? *answer : Stale();
}

std::optional<LoadAnswer> ReadThrough::RunHere() {
  if (job_ == nullptr) {
    return LeaderLoad(manager_, call_, path_, options_, has_value(), *ticket_)
        .Run();
  }
  const std::optional<LoadAnswer> answer = job_->Run();
  if (answer) call_.TakeOver(job_->call());
  return answer;
}

LoadAnswer ReadThrough::AwaitOwn(Ticket& own, std::chrono::milliseconds limit) {
  Outcome outcome;
  try {
    if (auto answer = Await(own, limit, outcome)) return *answer;
  } catch (...) {
    if (has_value()) return Stale();
    throw;
  }
  if (has_value()) {
    if (outcome == Outcome::kTimedOut) Count(&LoadCounters::timed_out);
    return Stale();
  }
  if (outcome == Outcome::kTimedOut) ThrowTimeout();
  if (outcome == Outcome::kCycle) ThrowLoadCycle();
  throw LoadTimeout(
      "a background load ended without a value: its executor dropped it, or "
      "the value does not serialise");
}

std::optional<LoadAnswer> ReadThrough::Await(Ticket& ticket,
                                             std::chrono::milliseconds limit,
                                             Outcome& outcome) {
  Bytes bytes;
  outcome = ticket.Wait(manager_.clock(), limit, bytes);
  if (outcome == Outcome::kShared) {
    // A value that does not parse, or whose parser throws, is not shared.
    try {
      if (call_.Parse(0, std::move(bytes))) return LoadAnswer::kParsed;
    } catch (...) {
    }
  }
  if (outcome == Outcome::kNothing && call_.may_find_none()) {
    return LoadAnswer::kNone;
  }
  return std::nullopt;
}

void ReadThrough::ThrowTimeout() {
  Count(&LoadCounters::timed_out);
  throw LoadTimeout("a loader did not finish within " +
                    std::to_string(options_.hard_timeout->count()) +
                    " ms (hard_timeout); it continues in the background");
}

void ReadThrough::Count(LoadCounters::Counter LoadCounters::*counter) noexcept {
  LoadCounters::Count(manager_.counters().*counter);
}

}  // namespace appcache::internal
