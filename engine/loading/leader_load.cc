#include "engine/loading/leader_load.h"

#include <exception>
#include <utility>

namespace appcache::internal {

void CallLoader(LoadManager& manager, LoadCall& call,
                std::span<const size_t> keys) {
  try {
    call.Load(keys);
    LoadCounters::Count(manager.counters().successes);
  } catch (...) {
    LoadCounters::Count(manager.counters().failures);
    throw;
  }
}

LeaderLoad::LeaderLoad(LoadManager& manager, LoadCall& call,
                       std::string_view path, const LoadOptions& options,
                       bool replaces, SingleFlight::Ticket& ticket) noexcept
    : manager_(manager),
      call_(call),
      path_(path),
      options_(options),
      replaces_(replaces),
      ticket_(ticket) {}

std::optional<LoadAnswer> LeaderLoad::Run() {
  if (options_.process_lock <= Ttl(0)) return LoadAndPublish();
  ProcessLock lock(manager_.store().backend(), path_, options_.process_lock);
  if (lock.is_held_by_another()) {
    if (replaces_) return std::nullopt;
    LoadCounters::Count(manager_.counters().lock_waits);
  }
  if (!replaces_ && FindUnder(lock)) return LoadAnswer::kParsed;
  return LoadAndPublish();
}

bool LeaderLoad::FindUnder(ProcessLock& lock) noexcept {
  while (!Find()) {
    if (!lock.is_held_by_another()) return false;
    lock.WaitAndRetry(manager_.clock());
  }
  return true;
}

bool LeaderLoad::Find() noexcept {
  try {
    const Lookup<Bytes> found = manager_.store().ReadAgain(path_);
    if (!found || !call_.Parse(0, Bytes(*found))) return false;
    ticket_.Publish(*found, [] {});
    return true;
  } catch (...) {
    return false;  // a failing cache is a miss
  }
}

LoadAnswer LeaderLoad::LoadAndPublish() {
  try {
    CallLoader(manager_, call_, kOnlyKey);
  } catch (...) {
    manager_.loads().AddPause(path_, manager_.Now(), options_);
    ticket_.Fail(std::current_exception());
    throw;
  }
  const LoadCall::Outcome outcome = call_.outcome(0);
  Publish(outcome);
  return outcome.is_found ? LoadAnswer::kLoaded : LoadAnswer::kNone;
}

void LeaderLoad::Publish(const LoadCall::Outcome& outcome) {
  try {
    if (!outcome.is_found) {
      ticket_.Publish(std::nullopt, [&] { StoreAbsence(*outcome.ttl); });
      return;
    }
    const Bytes bytes = call_.Serialise(0);
    ticket_.Publish(bytes, [&] {
      if (outcome.is_stored) Store(bytes.view(), outcome.ttl);
    });
  } catch (...) {
    // The value cannot be shared: each of those who wait loads it.
    manager_.WarnNotStored(Status::FromCurrentException());
  }
}

void LeaderLoad::StoreAbsence(Ttl remembered_for) {
  if (replaces_) {
    const Status removed = manager_.store().Remove(path_);
    if (!removed.ok()) manager_.WarnNotStored(removed);
  }
  manager_.loads().AddAbsence(path_, manager_.Now(), remembered_for);
}

void LeaderLoad::Store(std::string_view bytes, std::optional<Ttl> own_ttl) {
  const Result<Ttl> ttl =
      manager_.TtlFor(own_ttl.value_or(options_.ttl), options_);
  Status stored = ttl.status();
  if (stored.ok()) {
    const Compression compression = call_.WantsCompression(0, bytes)
                                        ? Compression::kCompress
                                        : Compression::kNone;
    stored = WithoutExceptions<Status>([&] {
      return manager_.store().Write(path_, bytes, *ttl, compression);
    });
  }
  if (!stored.ok()) manager_.WarnNotStored(stored);
}

}  // namespace appcache::internal
