#include "engine/vfs/heap_database.h"

#include <functional>
#include <map>
#include <utility>

#include "engine/support/process_local.h"

namespace appcache::vfs {
namespace {

struct Databases {
  internal::Mutex mutex;
  std::map<std::string, std::shared_ptr<HeapDatabase>, std::less<>> by_name
      APPCACHE_GUARDED_BY(mutex);
};

// Never destroyed, so that caches may be static objects.
constinit internal::ProcessLocal<Databases> open_databases;

}  // namespace

DatabaseRef::DatabaseRef(std::string_view name, Mode mode) {
  Databases& databases = open_databases.Get();
  internal::MutexLock guard(databases.mutex);
  const auto found = databases.by_name.find(name);
  if (found != databases.by_name.end()) {
    if (mode != Mode::kCreate) database_ = found->second;
    return;
  }
  if (mode == Mode::kOpen) return;
  auto made = std::make_shared<HeapDatabase>();
  databases.by_name.emplace(std::string(name), made);
  database_ = std::move(made);
}

DatabaseRef::~DatabaseRef() {
  if (database_ == nullptr) return;
  std::shared_ptr<HeapDatabase> last;
  {
    Databases& databases = open_databases.Get();
    internal::MutexLock guard(databases.mutex);
    // Changed under the mutex only. One owner is by_name.
    if (database_.use_count() == 2) {
      std::erase_if(databases.by_name,
                    [&](const auto& item) { return item.second == database_; });
      last = std::move(database_);
    }
    database_.reset();
  }
  last.reset();  // without the mutex: freeing memory takes a while
}

}  // namespace appcache::vfs
