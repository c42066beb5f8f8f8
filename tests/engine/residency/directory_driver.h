// DirectoryDriver: uses a Directory as ResidentEngine does, for tests.

#ifndef APPCACHE_TESTS_ENGINE_RESIDENCY_DIRECTORY_DRIVER_H_
#define APPCACHE_TESTS_ENGINE_RESIDENCY_DIRECTORY_DRIVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/residency/directory.h"

namespace appcache::residency {

using Taken = Directory::Taken;

class DirectoryDriver {
 public:
  // An h of a shard.
  static int64_t H(uint64_t number, size_t shard = 0) {
    return Directory::FirstOfShard(shard) + static_cast<int64_t>(number);
  }

  Directory& directory() { return *directory_; }
  Epochs& epochs() { return *epochs_; }

  // The entry has the key "key".
  void Set(int64_t h, std::string_view value, int64_t expires_at_ms = 0,
           int64_t tick = 0) {
    EntryPtr entry(Entry::New(h, "key", value, expires_at_ms));
    Directory::Access access(*directory_, h);
    access->Reserve(1, expires_at_ms != 0);
    access->Grow(Directory::Growth(VisibleEntry(access->Find(h)), *entry));
    access->Put(std::move(entry), tick);
  }
  void SetClean(int64_t h, std::string_view value, int64_t expires_at_ms = 0,
                int64_t tick = 0) {
    EntryPtr entry(Entry::New(h, "key", value, expires_at_ms));
    Directory::Access access(*directory_, h);
    access->Reserve(1, expires_at_ms != 0);
    access->Grow(Directory::Growth(VisibleEntry(access->Find(h)), *entry));
    access->PutClean(std::move(entry), tick);
  }

  // Returns whether there was a visible entry.
  bool Remove(int64_t h) {
    Directory::Access access(*directory_, h);
    Record* const record = access->Find(h);
    if (record == nullptr || record->Is(Record::kAbsent)) return false;
    access->Remove(*record);
    return true;
  }

  uint64_t Clear() { return Directory::AccessAll(*directory_).Clear(); }

  // Replaces a clean entry by one without its value, or with this one.
  void ExchangeAway(int64_t h) {
    Directory::Access access(*directory_, h);
    Record* const record = access->Find(h);
    const Entry& old = *record->entry();
    access->Exchange(*record,
                     EntryPtr(Entry::NewAway(h, old.key_size, old.value_size,
                                             old.expires_at_ms)));
  }
  void ExchangeBack(int64_t h, std::string_view value) {
    Directory::Access access(*directory_, h);
    Record* const record = access->Find(h);
    access->Exchange(
        *record,
        EntryPtr(Entry::New(h, "key", value, record->entry()->expires_at_ms)));
  }

  // Takes everything that is dirty.
  std::vector<Taken> Take() {
    std::vector<Taken> batch;
    std::optional<Directory::Collection> changes;
    {
      Directory::AccessAll all(*directory_);
      changes.emplace(all);
    }
    changes->Finish();
    changes->TakeEach(
        [&](Taken&& taken) { batch.push_back(std::move(taken)); });
    return batch;
  }
  void Written(const Taken& taken) {
    Directory::Access access(*directory_, taken.h);
    access->Written(taken);
  }
  void NotWritten(const Taken& taken) {
    Directory::Access access(*directory_, taken.h);
    access->NotWritten(taken);
  }
  void Flush() {
    for (const Taken& taken : Take()) Written(taken);
  }

  // Frees what was removed, if no reader is inside.
  void Reclaim() {
    directory_->reclaimer().Collect();
    directory_->reclaimer().FreeCleared();
  }

  // The visible value: "away" if it is not in memory, "none" without an entry.
  std::string Get(int64_t h) {
    const Epochs::Section section(*epochs_, epochs_->ForThisThread());
    const Entry* const entry = directory_->Find(h);
    if (entry == nullptr) return "none";
    return entry->is_resident ? std::string(entry->value()) : "away";
  }

  // The states of the record, as "dirty row"; "none" without a record.
  std::string State(int64_t h) {
    Directory::Access access(*directory_, h);
    const Record* const record = access->Find(h);
    if (record == nullptr) return "none";
    std::string text;
    const auto add = [&](Record::State state, const char* name) {
      if (!record->Is(state)) return;
      if (!text.empty()) text += " ";
      text += name;
    };
    add(Record::kDirty, "dirty");
    add(Record::kInBatch, "batch");
    add(Record::kHasRow, "row");
    add(Record::kAbsent, "absent");
    return text;
  }

  size_t Dirty(int64_t h) { return Directory::Access(*directory_, h)->dirty(); }

  // The h of the entry of a shard that expires first, or -1.
  int64_t FirstExpired(size_t shard, int64_t now_ms) {
    Directory::Access access(*directory_, Directory::FirstOfShard(shard));
    const Record* const record = access->FirstExpired(now_ms);
    return record == nullptr ? -1 : record->entry()->h;
  }

 private:
  // On the heap: GCC 12 with -fsanitize=address does not align an object on the
  // stack to 128 bytes.
  const std::unique_ptr<Epochs> epochs_ = std::make_unique<Epochs>();
  const std::unique_ptr<Directory> directory_ =
      std::make_unique<Directory>(*epochs_, Directory::Limits());
};

}  // namespace appcache::residency

#endif  // APPCACHE_TESTS_ENGINE_RESIDENCY_DIRECTORY_DRIVER_H_
