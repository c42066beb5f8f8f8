#include "engine/residency/directory.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace appcache::residency {
namespace {

std::unique_ptr<ClearedShards> NewCleared() {
  auto made = std::make_unique<ClearedShards>();
  made->shards.reserve(Directory::kShards);
  return made;
}

}  // namespace

Directory::Directory(Epochs& epochs)
    : shards_(std::make_unique<Shard[]>(kShards)),
      reclaimer_(epochs,
                 [this](int64_t h, Record* record) {
                   Shard& shard = shards_[ShardOf(h)];
                   std::lock_guard<std::mutex> guard(shard.mutex);
                   shard.records_.Free(record);
                 }),
      spare_(NewCleared()) {
  for (size_t i = 0; i < kShards; ++i) {
    first_expiries_[i].store(kNever, std::memory_order_relaxed);
    shards_[i].directory_ = this;
    shards_[i].first_expiry_ = &first_expiries_[i];
    shards_[i].table_ = std::make_unique<SlotTable>(tables_[i]);
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

uint64_t Directory::directory_bytes() const {
  uint64_t sum = sizeof(Directory) + kShards * sizeof(Shard);
  for (size_t i = 0; i < kShards; ++i) {
    std::lock_guard<std::mutex> guard(shards_[i].mutex);
    sum += shards_[i].memory_bytes();
  }
  return sum;
}

// --- Shard.

size_t Directory::Shard::memory_bytes() const noexcept {
  const int64_t headers = static_cast<int64_t>(records_in_use_ * sizeof(Entry));
  return static_cast<size_t>(headers) + table_->memory_bytes() +
         records_.memory_bytes() + expiries_.memory_bytes();
}

void Directory::Shard::AddPending(int64_t delta) noexcept {
  if (delta == 0) return;
  directory_->pending_bytes_.fetch_add(static_cast<uint64_t>(delta),
                                       std::memory_order_relaxed);
}

void Directory::Shard::AddDirty(int64_t delta) noexcept {
  dirty_bytes_ += delta;
  AddPending(delta);
}

void Directory::Shard::AddResident(int64_t delta) noexcept {
  if (delta == 0) return;
  resident_bytes_ += delta;
  directory_->resident_bytes_.fetch_add(static_cast<uint64_t>(delta),
                                        std::memory_order_relaxed);
}

void Directory::Shard::Count(const Record& record, int sign) noexcept {
  if (record.Is(Record::kAbsent)) return;
  const Entry& entry = *record.entry();
  visible_ += sign;
  visible_bytes_ += sign * entry.bytes();
  if (record.Is(Record::kDirty)) {
    AddDirty(sign * static_cast<int64_t>(entry.content_bytes()));
  } else if (!record.Is(Record::kInBatch)) {
    // An entry in a batch counts as pending until the batch was written, also
    // when it was replaced before.
    AddResident(sign * static_cast<int64_t>(entry.content_bytes()));
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
    expiries_.Reserve(more, [this](const policy::ExpiryQueue::Item& item) {
      return IsCurrent(item);
    });
  }
  if (Slots* const old = table_->Reserve(more)) retired_.Add(old);
}

Record& Directory::Shard::NewRecord(Entry& entry, int64_t tick) noexcept {
  Record& record = *records_.Take();
  ++records_in_use_;
  directory_->record_count_.fetch_add(1, std::memory_order_relaxed);
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
    table_->Insert(&published);
  } else {
    Count(*record, -1);
    if (record->Is(Record::kDirty)) --dirty_;
    record->Drop(Record::kDirty);
    record->Drop(Record::kAbsent);
    retired_.Add(record->entry(), /*frees_record=*/false);
    Attach(*record, published, tick);
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
  if (!record.Is(Record::kHasRow) && !record.Is(Record::kInBatch)) {
    Erase(record);
    return;
  }
  record.Add(Record::kHasRow);  // or may have soon
  record.Add(Record::kAbsent);
  MarkDirty(record);
  table_->Replace(record.entry(), /*is_absent=*/true);
}

void Directory::Shard::Erase(Record& record) noexcept {
  Entry* const entry = record.entry();
  table_->Erase(entry->h);
  if (record.Is(Record::kDirty)) --dirty_;
  record.entry_and_state = 0;
  retired_.Add(entry, /*frees_record=*/true);
  --records_in_use_;
  directory_->record_count_.fetch_sub(1, std::memory_order_relaxed);
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

void Directory::Shard::Take(Record& record) noexcept {
  assert(record.Is(Record::kDirty) && !record.Is(Record::kInBatch));
  if (!record.Is(Record::kAbsent)) {
    dirty_bytes_ -= static_cast<int64_t>(record.entry()->content_bytes());
  }
  record.Drop(Record::kDirty);
  record.Add(Record::kInBatch);
  --dirty_;
}

void Directory::Shard::Written(int64_t h, const Entry* entry) noexcept {
  if (entry != nullptr) {
    AddPending(-static_cast<int64_t>(entry->content_bytes()));
  }
  Record* const record = Find(h);
  if (record == nullptr) return;  // by a Clear
  record->Drop(Record::kInBatch);
  if (entry == nullptr) {
    if (!record->Is(Record::kAbsent)) {
      record->Drop(Record::kHasRow);
    } else if (!record->Is(Record::kDirty)) {
      Erase(*record);
    }
    return;
  }
  record->Add(Record::kHasRow);
  if (record->entry() == entry && !record->Is(Record::kDirty) &&
      !record->Is(Record::kAbsent)) {
    AddResident(static_cast<int64_t>(entry->content_bytes()));
  }
}

void Directory::Shard::NotWritten(int64_t h, const Entry* entry,
                                  bool may_have_row) noexcept {
  Record* const record = Find(h);
  if (record != nullptr) {
    record->Drop(Record::kInBatch);
    if (may_have_row) record->Add(Record::kHasRow);
    const bool is_same = entry == nullptr ? record->Is(Record::kAbsent)
                                          : record->entry() == entry &&
                                                !record->Is(Record::kAbsent);
    if (is_same && !record->Is(Record::kDirty)) {
      MarkDirty(*record);
      if (entry != nullptr) {  // still pending
        dirty_bytes_ += static_cast<int64_t>(entry->content_bytes());
      }
      return;
    }
  }
  if (entry != nullptr) {
    AddPending(-static_cast<int64_t>(entry->content_bytes()));
  }
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
  bytes += static_cast<size_t>(resident_bytes_ + dirty_bytes_) +
           retired_.bytes() + records_in_use_ * sizeof(Entry) +
           table_->memory_bytes() + cleared.records.memory_bytes();
  cleared.chain.Append(std::move(retired_));
  if (Slots* const old = table_->Detach()) cleared.chain.Add(old);
  expiries_.Clear();
  NoteFirstExpiry();
  directory_->entries.fetch_sub(visible_, std::memory_order_relaxed);
  directory_->bytes.fetch_sub(visible_bytes_, std::memory_order_relaxed);
  directory_->record_count_.fetch_sub(records_in_use_,
                                      std::memory_order_relaxed);
  // What is in a batch stays pending until that was written.
  AddDirty(-dirty_bytes_);
  AddResident(-resident_bytes_);
  records_in_use_ = 0;
  dirty_ = 0;
  visible_ = 0;
  visible_bytes_ = 0;
}

uint64_t Directory::AccessAll::Clear() {
  if (directory_.spare_ == nullptr) directory_.spare_ = NewCleared();
  std::unique_ptr<ClearedShards> cleared = std::move(directory_.spare_);
  uint64_t removed = 0;
  for (Shard& shard : shards()) {
    removed += static_cast<uint64_t>(shard.visible_);
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
