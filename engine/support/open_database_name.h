// OpenDatabaseName: registers the databases that are open in this process, and
// finds out which ones were open when this process was forked.
//
// SQLite and LMDB record in memory which locks a process holds on a file. A
// forked child inherits these records, and would treat its parent's locks as
// its own. Therefore it must not open a database that was open at the fork.

#ifndef APPCACHE_ENGINE_SUPPORT_OPEN_DATABASE_NAME_H_
#define APPCACHE_ENGINE_SUPPORT_OPEN_DATABASE_NAME_H_

#include <list>
#include <string>
#include <utility>

#include "appcache/export.h"

namespace appcache::internal {

// Registers one name during its lifetime. Names need not be unique. All
// functions are thread-safe; constructors throw std::bad_alloc.
class APPCACHE_EXPORT OpenDatabaseName {
 public:
  explicit OpenDatabaseName(const std::string& name);
  OpenDatabaseName(OpenDatabaseName&& other) noexcept
      : at_(other.at_), listed_(std::exchange(other.listed_, false)) {}
  OpenDatabaseName& operator=(OpenDatabaseName&&) = delete;
  ~OpenDatabaseName();

  // Whether the name was registered in an ancestor of this process at the fork
  // that led to this process.
  static bool WasOpenAtFork(const std::string& name);

 private:
  std::list<std::string>::iterator at_;
  bool listed_ = true;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_OPEN_DATABASE_NAME_H_
