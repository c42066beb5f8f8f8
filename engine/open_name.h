// OpenName: the names of the databases that are open in this process, and
// whether one was open in a process that this one was forked from.
//
// SQLite and LMDB keep track of a file's locks in the memory of the process. A
// forked child inherits that, and would take its parent's locks for its own: it
// must not open what was open at the fork.

#ifndef APPCACHE_ENGINE_OPEN_NAME_H_
#define APPCACHE_ENGINE_OPEN_NAME_H_

#include <list>
#include <string>
#include <utility>

namespace appcache {

// Names the database as long as it lives. Thread-safe.
class OpenName {
 public:
  explicit OpenName(const std::string& name);
  OpenName(OpenName&& other) noexcept
      : at_(other.at_), listed_(std::exchange(other.listed_, false)) {}
  OpenName& operator=(OpenName&&) = delete;
  ~OpenName();

  // Whether it was open in an ancestor at the moment of a fork.
  static bool WasOpenAtFork(const std::string& name);

 private:
  std::list<std::string>::iterator at_;
  bool listed_ = true;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_OPEN_NAME_H_
