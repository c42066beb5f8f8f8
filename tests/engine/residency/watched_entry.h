// WatchedEntry: shows whether an entry's other owner has released it.

#ifndef APPCACHE_TESTS_ENGINE_RESIDENCY_WATCHED_ENTRY_H_
#define APPCACHE_TESTS_ENGINE_RESIDENCY_WATCHED_ENTRY_H_

#include <cstdint>
#include <string_view>

#include "engine/residency/entry.h"

namespace appcache::residency {

// An entry that the test may look at after the reclaimer has released it.
class WatchedEntry {
 public:
  explicit WatchedEntry(int64_t h, std::string_view value = "value")
      : entry_(Entry::New(h, "key", value, 0)) {}

  // With a reference for the reclaimer.
  Entry* Retire() const {
    entry_->AddReference();
    return entry_.get();
  }
  bool is_freed() const {
    return __atomic_load_n(&entry_->block.references, __ATOMIC_ACQUIRE) == 1;
  }
  Entry& operator*() const { return *entry_; }
  Entry* operator->() const { return entry_.get(); }

 private:
  EntryPtr entry_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_TESTS_ENGINE_RESIDENCY_WATCHED_ENTRY_H_
