// The read path of a tier.

#include <algorithm>
#include <exception>
#include <utility>

#include "adapters/tiered/tiered_backend.h"

namespace appcache::tiered {
namespace {

Lookup<Bytes> ValueOf(Lookup<TimedBytes> found) {
  return std::move(found).Map(
      [](TimedBytes timed) { return std::move(timed.value); });
}

// Some of the paths of a batch, and where in the batch they are.
struct Subset {
  std::vector<std::string_view> paths;
  std::vector<size_t> indices;

  void Add(std::string_view path, size_t index) {
    paths.push_back(path);
    indices.push_back(index);
  }
};

}  // namespace

Lookup<Bytes> TieredBackend::GetRaw(std::string_view path) {
  return Guarded<Lookup<Bytes>>([&] {
    const uint64_t completions = fetches_.completions();
    Bytes value;
    switch (local_.FindQuickly(path, value)) {
      case LocalLevel::Quick::kServed: {
        reads_.CountLocalHit();
        Lookup<Bytes> found = Lookup<Bytes>::Hit(std::move(value));
        found.set_origin(Origin::kCopy);
        return found;
      }
      case LocalLevel::Quick::kNoCopy:
        return ValueOf(GetWithoutCopy(path, completions));
      case LocalLevel::Quick::kUnclear:
        break;
    }
    return ValueOf(Get(path));
  });
}

Lookup<size_t> TieredBackend::ViewRaw(std::string_view path,
                                      ValueVisitor visitor) {
  return Guarded<Lookup<size_t>>([&] {
    const uint64_t completions = fetches_.completions();
    size_t size = 0;
    const auto view = [&](std::string_view value) {
      size = value.size();
      visitor(value);
    };
    const LocalLevel::Quick quick = local_.ViewQuickly(path, view);
    if (quick == LocalLevel::Quick::kServed) {
      reads_.CountLocalHit();
      Lookup<size_t> found = Lookup<size_t>::Hit(size);
      found.set_origin(Origin::kCopy);
      return found;
    }
    return (quick == LocalLevel::Quick::kNoCopy
                ? GetWithoutCopy(path, completions)
                : Get(path))
        .Map([&](const TimedBytes& found) {
          visitor(found.value.view());
          return found.value.size();
        });
  });
}

Lookup<TimedBytes> TieredBackend::GetTimedRaw(std::string_view path) {
  if (!traits_.supports_ttl_query) return Backend::GetTimedRaw(path);
  return Guarded<Lookup<TimedBytes>>([&] { return Get(path); });
}

Lookup<TimedBytes> TieredBackend::Get(std::string_view path) {
  const uint64_t completions = fetches_.completions();
  if (auto found = FindCopy(path)) return *std::move(found);
  return GetWithoutCopy(path, completions);
}

Lookup<TimedBytes> TieredBackend::GetWithoutCopy(std::string_view path,
                                                 uint64_t completions) {
  // The token comes before the look into the retry queue: a change that is
  // queued after the look makes the token outdated.
  const LocalLevel::Token token = local_.BeginFetch(path);
  if (retry_queue_.Contains(path)) return GetQueued(path);
  Fetches::Ticket ticket =
      fetches_.Join(path, token, token.begun - MaxFetchAge());
  if (!ticket.is_leader()) return Follow(ticket, path, token);
  // Another leader may have stored a copy after this read had looked for it.
  if (fetches_.completions() != completions) {
    if (auto found = FindCopy(path)) return *std::move(found);
  }
  Lookup<TimedBytes> fetched = Fetch(path, token);
  ticket.Publish(fetched);
  return fetched;
}

std::optional<Lookup<TimedBytes>> TieredBackend::FindCopy(
    std::string_view path) {
  std::optional<Lookup<TimedBytes>> found = local_.Find(path);
  if (found) reads_.CountLocal(*found);
  return found;
}

Lookup<TimedBytes> TieredBackend::Follow(Fetches::Ticket& ticket,
                                         std::string_view path,
                                         const LocalLevel::Token& token) {
  if (auto fetched = ticket.Wait(*clock_, options_.max_wait)) {
    reads_.CountShared(*fetched);
    return *std::move(fetched);
  }
  // A leader that found a copy publishes nothing. This read looks for itself,
  // because the lease may have ended since the leader looked.
  if (auto found = FindCopy(path)) return *std::move(found);
  return Fetch(path, token);
}

std::chrono::milliseconds TieredBackend::MaxFetchAge() const noexcept {
  const std::chrono::milliseconds bound = options_.lease.max_staleness;
  return lease_.is_linked() ? bound : std::min(bound, options_.untracked_ttl);
}

Lookup<TimedBytes> TieredBackend::Fetch(std::string_view path,
                                        const LocalLevel::Token& token) {
  return Receive(path, token, remote_.Get(path));
}

Lookup<TimedBytes> TieredBackend::Receive(std::string_view path,
                                          const LocalLevel::Token& token,
                                          Lookup<TimedBytes> fetched) {
  fetched.set_origin(Origin::kStorage);
  reads_.CountRemote(fetched);
  if (fetched.has_error()) {
    auto found = local_.FindLastResort(path);
    if (!found) return fetched;
    reads_.CountLastResort(*found);
    return *std::move(found);
  }
  try {
    reads_.CountStored(
        local_.Store(path, token, fetched, remote_.supports_ttl_query()));
  } catch (const std::exception&) {
    // Without memory for a copy, there is still the value.
  }
  return fetched;
}

Lookup<TimedBytes> TieredBackend::GetQueued(std::string_view path) {
  Status removed = InvalidateQueued({&path, 1});
  Lookup<TimedBytes> found =
      removed.ok() ? Lookup<TimedBytes>::Miss()
                   : Lookup<TimedBytes>::Failed(std::move(removed));
  reads_.CountRemote(found);
  return found;
}

std::vector<Lookup<Bytes>> TieredBackend::GetManyRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<Bytes>> found(paths.size(), Lookup<Bytes>::Miss());
  const Status status = Guarded<Status>([&] {
    std::vector<Lookup<TimedBytes>> timed = GetMany(paths);
    std::transform(std::move_iterator(timed.begin()),
                   std::move_iterator(timed.end()), found.begin(), ValueOf);
    return Status();
  });
  if (!status.ok()) found.assign(paths.size(), Lookup<Bytes>::Failed(status));
  return found;
}

std::vector<Lookup<TimedBytes>> TieredBackend::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  if (!traits_.supports_ttl_query) return Backend::GetManyTimedRaw(paths);
  std::vector<Lookup<TimedBytes>> found;
  const Status status = Guarded<Status>([&] {
    found = GetMany(paths);
    return Status();
  });
  if (!status.ok()) {
    found.assign(paths.size(), Lookup<TimedBytes>::Failed(status));
  }
  return found;
}

// One local batch, one round trip for the paths without a copy, and one for
// those in the retry queue. It does not share the fetches of others.
std::vector<Lookup<TimedBytes>> TieredBackend::GetMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results(paths.size(),
                                          Lookup<TimedBytes>::Miss());
  std::vector<std::optional<Lookup<TimedBytes>>> found = local_.FindMany(paths);
  Subset queued;
  Subset missing;
  std::vector<LocalLevel::Token> tokens;  // of `missing`
  for (size_t i = 0; i < paths.size(); ++i) {
    if (found[i]) {
      reads_.CountLocal(*found[i]);
      results[i] = *std::move(found[i]);
      continue;
    }
    // The token comes first, as in Get.
    const LocalLevel::Token token = local_.BeginFetch(paths[i]);
    if (retry_queue_.Contains(paths[i])) {
      queued.Add(paths[i], i);
    } else {
      missing.Add(paths[i], i);
      tokens.push_back(token);
    }
  }
  if (!queued.paths.empty()) {
    const Status removed = InvalidateQueued(queued.paths);
    for (const size_t i : queued.indices) {
      if (!removed.ok()) results[i] = Lookup<TimedBytes>::Failed(removed);
      reads_.CountRemote(results[i]);
    }
  }
  if (missing.paths.empty()) return results;
  std::vector<Lookup<TimedBytes>> fetched = remote_.GetMany(missing.paths);
  for (size_t i = 0; i < missing.paths.size() && i < fetched.size(); ++i) {
    results[missing.indices[i]] =
        Receive(missing.paths[i], tokens[i], std::move(fetched[i]));
  }
  return results;
}

Lookup<Ttl> TieredBackend::TtlRaw(std::string_view path) {
  return Guarded<Lookup<Ttl>>([&] {
    if (!retry_queue_.Contains(path)) return remote_.TtlOf(path);
    const Status removed = InvalidateQueued({&path, 1});
    return removed.ok() ? Lookup<Ttl>::Miss() : Lookup<Ttl>::Failed(removed);
  });
}

// Copies are left alone: the remote has every entry.
Status TieredBackend::WalkRaw(const WalkOptions& options, WalkVisitor visit) {
  if (!traits_.supports_walk) return Backend::WalkRaw(options, visit);
  return Guarded<Status>([&] {
    return remote_.Walk(options, [&](const WalkedEntry& entry) {
      return retry_queue_.Contains(entry.path) || visit(entry);
    });
  });
}

}  // namespace appcache::tiered
