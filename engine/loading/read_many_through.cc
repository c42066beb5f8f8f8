#include "engine/loading/read_many_through.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "engine/loading/leader_load.h"
#include "engine/loading/read_through.h"

namespace appcache::internal {

ReadManyThrough::ReadManyThrough(LoadManager& manager, LoadCall& call,
                                 std::span<const Path> paths,
                                 const LoadOptions& options)
    : manager_(manager), call_(call), options_(options), items_(paths.size()) {
  options_.executor.reset();  // nothing is refreshed here
  for (size_t i = 0; i < paths.size(); ++i) {
    items_[i].path = paths[i].path;
    if (!paths[i].path) manager_.WarnNotStored(paths[i].status);
  }
}

std::vector<LoadAnswer> ReadManyThrough::Run() {
  Prepare();
  Load(Wanted([](const Item& item) { return !item.ticket || item.leads(); }));
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].ticket && !items_[i].answer) Follow(i);
  }
  // Only now, because a key may be among them twice.
  for (Item& item : items_) {
    if (item.is_own) item.again.emplace(*item.ticket);
  }
  // A leader that found its value in the cache has shared nothing.
  Look(Wanted([](const Item& item) { return item.ticket.has_value(); }));
  Load(Wanted([](const Item&) { return true; }));
  std::vector<LoadAnswer> answers;
  answers.reserve(items_.size());
  for (const Item& item : items_) answers.push_back(*item.answer);
  return answers;
}

template <class Predicate>
ReadManyThrough::Indices ReadManyThrough::Wanted(
    const Predicate& is_wanted) const {
  Indices wanted;
  for (size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].answer && is_wanted(items_[i])) wanted.push_back(i);
  }
  return wanted;
}

void ReadManyThrough::Prepare() {
  const Status prepared = WithoutExceptions<Status>([&] {
    loads_ = &manager_.loads();
    const uint64_t completions = loads_->flights.completions();
    Look(Wanted([](const Item& item) { return item.path.has_value(); }));
    Join();
    // Other leaders may have stored values between the look and the join.
    if (loads_->flights.completions() != completions) {
      Look(Wanted([](const Item& item) { return item.leads(); }));
      for (Item& item : items_) {
        if (item.answer) item.ticket.reset();
      }
    }
    return Status();
  });
  if (!prepared.ok()) manager_.WarnNotStored(prepared);
}

void ReadManyThrough::Look(const Indices& indices) {
  if (indices.empty()) return;
  std::vector<std::string_view> paths;
  for (const size_t i : indices) paths.push_back(*items_[i].path);
  CodedBackend& store = manager_.store();
  try {
    if (NeedsTtl(options_) && store.supports_ttl_query()) {
      auto found = store.ReadManyTimed(paths);
      for (size_t n = 0; n < indices.size(); ++n) {
        if (!found[n]) continue;
        Take(items_[indices[n]], indices[n], std::move(found[n]->value),
             AgeOf(found[n]->remaining_ttl, options_));
      }
    } else {
      auto found = store.ReadMany(paths);
      for (size_t n = 0; n < indices.size(); ++n) {
        if (!found[n]) continue;
        Take(items_[indices[n]], indices[n], *std::move(found[n]), Age::kFresh);
      }
    }
  } catch (...) {
    // The backend threw, or memory is exhausted: misses.
  }
}

void ReadManyThrough::Take(Item& item, size_t i, Bytes&& bytes, Age age) {
  if (!call_.Parse(i, std::move(bytes))) return;
  item.age = age;
  if (age == Age::kFresh) item.answer = LoadAnswer::kParsed;
}

void ReadManyThrough::Join() {
  const TimePoint now = manager_.Now();
  for (Item& item : items_) {
    if (item.answer || !item.path) continue;
    const std::string_view path = *item.path;
    if (item.has_value() && loads_->pauses.Contains(path, now)) {
      AnswerStale(item);
    } else if (call_.may_find_none() && !item.has_value() &&
               loads_->absences.Contains(path, now)) {
      LoadCounters::Count(manager_.counters().negative_hits);
      item.answer = LoadAnswer::kNone;
    } else {
      item.ticket.emplace(loads_->flights.Join(path));
      if (!item.ticket->is_leader() && item.has_value()) AnswerStale(item);
    }
  }
}

void ReadManyThrough::AnswerStale(Item& item) {
  LoadCounters::Count(manager_.counters().stale_served);
  item.answer = LoadAnswer::kParsed;
}

void ReadManyThrough::Load(const Indices& indices) {
  if (indices.empty()) return;
  try {
    CallLoader(manager_, call_, indices);
  } catch (...) {
    if (!Fail(indices)) throw;
    return;
  }
  const Status published = WithoutExceptions<Status>([&] {
    Publish(indices);
    return Status();
  });
  // Values that cannot be shared: each of those who wait loads its own.
  if (!published.ok()) manager_.WarnNotStored(published);
  for (const size_t i : indices) {
    // Those who wait for a value that was not shared wait no longer.
    items_[i].ticket.reset();
    items_[i].answer =
        call_.outcome(i).is_found ? LoadAnswer::kLoaded : LoadAnswer::kNone;
  }
}

bool ReadManyThrough::Fail(const Indices& indices) noexcept {
  bool all_stale = true;
  for (const size_t i : indices) {
    Item& item = items_[i];
    all_stale = all_stale && item.has_value();
    if (!item.leads()) continue;
    loads_->AddPause(*item.path, manager_.Now(), options_);
    item.ticket->Fail(std::current_exception());
  }
  if (!all_stale) return false;
  for (const size_t i : indices) AnswerStale(items_[i]);
  return true;
}

void ReadManyThrough::Publish(const Indices& indices) {
  std::vector<SingleFlight::Publication> publications;
  std::vector<Outgoing> outgoing;
  for (const size_t i : indices) {
    if (!items_[i].leads()) continue;
    Outgoing out;
    out.index = i;
    out.outcome = call_.outcome(i);
    std::optional<Bytes> shared;
    if (out.outcome.is_found) {
      shared = Encode(out);
      if (!shared) continue;
    }
    publications.push_back({&*items_[i].ticket, std::move(shared)});
    outgoing.push_back(std::move(out));
  }
  if (publications.empty()) return;
  SingleFlight::PublishAll(publications, [&](std::span<const size_t> stored) {
    Store(outgoing, stored);
  });
}

std::optional<Bytes> ReadManyThrough::Encode(Outgoing& out) {
  try {
    const Bytes bytes = call_.Serialise(out.index);
    if (!out.outcome.is_stored) return bytes;
    const Result<Ttl> ttl =
        manager_.TtlFor(out.outcome.ttl.value_or(options_.ttl), options_);
    const Compression compression =
        call_.WantsCompression(out.index, bytes.view()) ? Compression::kCompress
                                                        : Compression::kNone;
    Bytes compressed;
    const auto encoded =
        manager_.store().Encode(bytes.view(), compression, compressed);
    if (ttl.ok() && encoded.ok()) {
      out.encoded = compressed.empty() ? bytes : compressed;
      out.ttl = *ttl;
      out.is_stored = true;
    } else {
      manager_.WarnNotStored(ttl.ok() ? encoded.status() : ttl.status());
    }
    return bytes;
  } catch (...) {
    manager_.WarnNotStored(Status::FromCurrentException());
    return std::nullopt;
  }
}

void ReadManyThrough::Store(const std::vector<Outgoing>& outgoing,
                            std::span<const size_t> stored) {
  std::vector<RawEntry> entries;
  std::vector<std::string_view> removed;
  for (const size_t n : stored) {
    const Outgoing& out = outgoing[n];
    const Item& item = items_[out.index];
    if (out.is_stored) {
      entries.push_back({*item.path, out.encoded.view(), out.ttl});
    } else if (!out.outcome.is_found) {
      if (item.has_value()) removed.push_back(*item.path);
      loads_->AddAbsence(*item.path, manager_.Now(), *out.outcome.ttl);
    }
  }
  StoreAll(entries, removed);
}

void ReadManyThrough::StoreAll(std::span<const RawEntry> entries,
                               std::span<const std::string_view> removed) {
  CodedBackend& store = manager_.store();
  if (!entries.empty()) {
    const Status stored = store.WriteMany(entries);
    if (!stored.ok()) manager_.WarnNotStored(stored);
  }
  if (!removed.empty()) {
    const Status status = store.RemoveMany(removed);
    if (!status.ok()) manager_.WarnNotStored(status);
  }
}

void ReadManyThrough::Follow(size_t i) {
  using Outcome = Ticket::Outcome;
  Item& item = items_[i];
  const Clock& clock = manager_.clock();
  if (!wait_until_) {
    wait_until_ = clock.Now() + std::clamp<std::chrono::milliseconds>(
                                    options_.max_wait, Ttl(0), kMaxTtl);
  }
  Bytes bytes;
  const Outcome outcome = item.ticket->Wait(
      clock, std::chrono::ceil<Ttl>(*wait_until_ - clock.Now()), bytes);
  if (outcome == Outcome::kCycle) ThrowLoadCycle();
  item.is_own = outcome == Outcome::kOwn;
  if (outcome == Outcome::kShared) {
    try {
      if (call_.Parse(i, std::move(bytes))) item.answer = LoadAnswer::kParsed;
    } catch (...) {
      // It is loaded again.
    }
  } else if (outcome == Outcome::kNothing && call_.may_find_none()) {
    item.answer = LoadAnswer::kNone;
  }
  if (item.answer) LoadCounters::Count(manager_.counters().shared);
}

}  // namespace appcache::internal
