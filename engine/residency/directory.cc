#include "engine/residency/directory.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "engine/support/test_point.h"

namespace appcache::residency {
namespace {

std::unique_ptr<ClearedShards> NewCleared() {
  auto made = std::make_unique<ClearedShards>();
  made->shards.reserve(Directory::kShards);
  return made;
}

}  // namespace

Directory::Directory(Epochs& epochs, const Limits& limits)
    : shards_(std::make_unique<Shard[]>(kShards)),
      entries_(limits.entries),
      bytes_(limits.bytes),
      pending_bytes_(limits.pending_bytes),
      resident_bytes_(limits.resident_bytes),
      reclaimer_(epochs,
                 [this](int64_t h, Record* record) {
                   Shard& shard = shards_[ShardOf(h)];
                   const internal::LockGuard<Shard> guard(shard);
                   shard.records_.Free(record);
                 }),
      spare_(NewCleared()) {
  for (size_t i = 0; i < kShards; ++i) {
    first_expiries_[i].store(kNever, std::memory_order_relaxed);
    shards_[i].directory_ = this;
    shards_[i].first_expiry_ = &first_expiries_[i];
    shards_[i].table_.emplace(tables_[i]);
  }
}

Directory::~Directory() {
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    shard.retired_.ReleaseAll([](int64_t, Record*) {});
    shard.records_.ForEach([](Record& record) { record.entry()->Release(); });
  }
}

size_t Directory::ShardOfFirstExpiry() const noexcept {
  size_t shard = 0;
  for (size_t i = 1; i < kShards; ++i) {
    if (FirstExpiryOf(i) < FirstExpiryOf(shard)) shard = i;
  }
  return shard;
}

// --- Shard.

size_t Directory::Shard::memory_bytes() const noexcept {
  return records_in_use_ * sizeof(Entry) + table_->memory_bytes() +
         records_.memory_bytes() + expiries_.memory_bytes();
}

bool Directory::Shard::TryGrow(const Size& growth) noexcept {
  if (!directory_->entries_.TryAdd(entries_part_, growth.entries)) return false;
  if (directory_->bytes_.TryAdd(bytes_part_, growth.bytes)) return true;
  directory_->entries_.Add(entries_part_, -growth.entries);
  return false;
}

void Directory::Shard::Grow(const Size& growth) noexcept {
  directory_->entries_.Add(entries_part_, growth.entries);
  directory_->bytes_.Add(bytes_part_, growth.bytes);
}

void Directory::Shard::AddPending(int64_t delta) noexcept {
  pending_bytes_ += delta;
  directory_->pending_bytes_.Add(pending_part_, delta);
}

void Directory::Shard::AddDirty(int64_t delta) noexcept {
  dirty_bytes_ += delta;
  AddPending(delta);
}

void Directory::Shard::AddResident(int64_t delta) noexcept {
  resident_bytes_ += delta;
  directory_->resident_bytes_.Add(resident_part_, delta);
}

void Directory::Shard::Count(const Record& record, int sign) noexcept {
  const Entry& entry = *record.entry();
  const int64_t bytes = sign * static_cast<int64_t>(entry.content_bytes());
  if (record.Is(Record::kAbsent)) {
    absent_bytes_ += bytes;
    return;
  }
  visible_.entries += sign;
  visible_.bytes += sign * entry.bytes();
  if (record.Is(Record::kDirty)) {
    AddDirty(bytes);
  } else if (!record.Is(Record::kInBatch)) {
    // What is in a batch counts as pending until the batch was written, also
    // when it was replaced before.
    AddResident(bytes);
  }
}

void Directory::Shard::MarkDirty(Record& record) noexcept {
  if (record.Is(Record::kDirty)) return;
  record.Add(Record::kDirty);
  ++dirty_;
}

bool Directory::Shard::IsCurrent(
    const policy::ExpiryQueue::Item& item) const noexcept {
  const Record* const record = Find(item.h);
  return record != nullptr && !record->Is(Record::kAbsent) &&
         record->entry()->expires_at_ms == item.expires_at_ms;
}

void Directory::Shard::NoteFirstExpiry() noexcept {
  const policy::ExpiryQueue::Item* const first = expiries_.First();
  first_expiry_->store(first == nullptr ? kNever : first->expires_at_ms,
                       std::memory_order_relaxed);
}

void Directory::Shard::Reserve(size_t more, bool may_expire) {
  records_.Reserve(more);
  if (may_expire) {
    expiries_.Reserve(more + 1, [this](const policy::ExpiryQueue::Item& item) {
      AssertHeld();
      return IsCurrent(item);
    });
  }
  if (Slots* const old = table_->Reserve(more)) retired_.Add(old);
}

Record& Directory::Shard::NewRecord(Entry& entry, int64_t tick) noexcept {
  Record& record = *records_.Take();
  ++records_in_use_;
  Attach(record, entry, tick);
  return record;
}

void Directory::Shard::Attach(Record& record, Entry& entry,
                              int64_t tick) noexcept {
  record.SetEntry(&entry);
  record.tick.store(tick, std::memory_order_relaxed);
  entry.record = &record;
  entry.first_tick = tick;
}

// Readers find the entry when everything else is right.
Record& Directory::Shard::Publish(EntryPtr entry, int64_t tick) noexcept {
  Entry& published = *entry.release();
  Record* record = Find(published.h);
  if (record == nullptr) {
    record = &NewRecord(published, tick);
    internal::TestPoint("directory.publish");
    table_->Insert(&published);
  } else {
    Count(*record, -1);
    if (record->Is(Record::kDirty)) --dirty_;
    record->Drop(Record::kDirty);
    record->Drop(Record::kAbsent);
    retired_.Add(record->entry(), /*frees_record=*/false);
    Attach(*record, published, tick);
    internal::TestPoint("directory.publish");
    table_->Replace(&published, /*is_absent=*/false);
  }
  if (published.expires_at_ms != 0) {
    expiries_.Add({published.expires_at_ms, published.h});
    NoteFirstExpiry();
  }
  return *record;
}

void Directory::Shard::Put(EntryPtr entry, int64_t tick) noexcept {
  Record& record = Publish(std::move(entry), tick);
  MarkDirty(record);
  Count(record, 1);
}

void Directory::Shard::PutClean(EntryPtr entry, int64_t tick) noexcept {
  Record& record = Publish(std::move(entry), tick);
  record.Add(Record::kHasRow);
  Count(record, 1);
}

void Directory::Shard::PutAbsent(EntryPtr entry) noexcept {
  Entry& absent = *entry.release();
  Record& record = NewRecord(absent, 0);
  record.Add(Record::kHasRow);
  record.Add(Record::kAbsent);
  MarkDirty(record);
  table_->Insert(&absent, /*is_absent=*/true);
}

void Directory::Shard::Rewrite(Record& record) noexcept {
  assert(record.entry()->is_resident && !record.Is(Record::kAbsent));
  if (record.Is(Record::kDirty) || record.Is(Record::kInBatch)) return;
  Count(record, -1);
  MarkDirty(record);
  Count(record, 1);
}

void Directory::Shard::Remove(Record& record) noexcept {
  assert(!record.Is(Record::kAbsent));
  Count(record, -1);
  Grow({-1, -record.entry()->bytes()});
  if (!record.Is(Record::kHasRow) && !record.Is(Record::kInBatch)) {
    Erase(record);
    return;
  }
  record.Add(Record::kHasRow);  // or may have soon
  record.Add(Record::kAbsent);
  MarkDirty(record);
  Count(record, 1);
  table_->Replace(record.entry(), /*is_absent=*/true);
}

void Directory::Shard::Erase(Record& record) noexcept {
  Entry* const entry = record.entry();
  if (record.Is(Record::kAbsent)) Count(record, -1);
  table_->Erase(entry->h);
  if (record.Is(Record::kDirty)) --dirty_;
  record.entry_and_state = 0;
  retired_.Add(entry, /*frees_record=*/true);
  --records_in_use_;
}

void Directory::Shard::Exchange(Record& record, EntryPtr same) noexcept {
  assert(!record.Is(Record::kDirty) && !record.Is(Record::kInBatch) &&
         !record.Is(Record::kAbsent));
  assert(same->h == record.entry()->h &&
         same->bytes() == record.entry()->bytes());
  Count(record, -1);
  Entry* const published = same.release();
  published->record = &record;
  published->first_tick = record.entry()->first_tick;
  retired_.Add(record.entry(), /*frees_record=*/false);
  record.SetEntry(published);
  table_->Replace(published, /*is_absent=*/false);
  Count(record, 1);
}

void Directory::Shard::Written(const Taken& taken) noexcept {
  const int64_t bytes = taken.pending_bytes();
  AddPending(-bytes);
  Record* const record = Find(taken.h);
  if (record == nullptr) return;  // by a Clear
  record->Drop(Record::kInBatch);
  if (taken.entry == nullptr) {
    if (!record->Is(Record::kAbsent)) {
      record->Drop(Record::kHasRow);
    } else if (!record->Is(Record::kDirty)) {
      Erase(*record);
    }
    return;
  }
  record->Add(Record::kHasRow);
  if (record->entry() == taken.entry.get() && !record->Is(Record::kDirty) &&
      !record->Is(Record::kAbsent)) {
    AddResident(bytes);
  }
}

void Directory::Shard::NotWritten(const Taken& taken,
                                  bool may_have_row) noexcept {
  Record* const record = Find(taken.h);
  if (record != nullptr) {
    record->Drop(Record::kInBatch);
    if (may_have_row) record->Add(Record::kHasRow);
    const bool is_same = taken.entry == nullptr
                             ? record->Is(Record::kAbsent)
                             : record->entry() == taken.entry.get() &&
                                   !record->Is(Record::kAbsent);
    if (is_same && !record->Is(Record::kDirty)) {
      MarkDirty(*record);
      dirty_bytes_ += taken.pending_bytes();  // still pending
      return;
    }
  }
  AddPending(-taken.pending_bytes());
}

Record* Directory::Shard::FirstExpired(int64_t now_ms) noexcept {
  const policy::ExpiryQueue::Item* first = expiries_.First();
  while (first != nullptr && !IsCurrent(*first)) {
    expiries_.RemoveFirst();
    first = expiries_.First();
  }
  NoteFirstExpiry();
  return first != nullptr && first->expires_at_ms <= now_ms ? Find(first->h)
                                                            : nullptr;
}

bool Directory::Shard::PassRetired() noexcept {
  if (retired_.count() < kMaxRetired && retired_.bytes() < kMaxRetiredBytes) {
    return false;
  }
  return directory_->reclaimer_.Add(std::move(retired_));
}

void Directory::Shard::Clear(ClearedShards::Shard& cleared,
                             size_t& bytes) noexcept {
  bytes += static_cast<size_t>(resident_bytes_ + dirty_bytes_ + absent_bytes_) +
           retired_.bytes() + records_in_use_ * sizeof(Entry) +
           table_->memory_bytes() + cleared.records.memory_bytes();
  cleared.chain.Append(std::move(retired_));
  if (Slots* const old = table_->Detach()) cleared.chain.Add(old);
  expiries_.Clear();
  NoteFirstExpiry();
  Grow({-visible_.entries, -visible_.bytes});
  // What is in a batch stays pending until that was written.
  AddDirty(-dirty_bytes_);
  AddResident(-resident_bytes_);
  absent_bytes_ = 0;
  records_in_use_ = 0;
  dirty_ = 0;
  visible_ = {};
}

uint64_t Directory::AccessAll::Clear() {
  if (directory_.spare_ == nullptr) directory_.spare_ = NewCleared();
  std::unique_ptr<ClearedShards> cleared = std::move(directory_.spare_);
  uint64_t removed = 0;
  for (Shard& shard : shards()) {
    shard.AssertHeld();
    removed += static_cast<uint64_t>(shard.visible_.entries);
    cleared->shards.push_back({std::move(shard.records_), RetiredChain()});
    shard.Clear(cleared->shards.back(), cleared->bytes);
  }
  directory_.reclaimer_.Add(std::move(cleared));
  try {
    directory_.spare_ = NewCleared();
  } catch (const std::bad_alloc&) {
    // The next Clear tries again.
  }
  return removed;
}

}  // namespace appcache::residency
