// Descriptors above 2.
//
// A program may run with standard input, output or error closed. The system
// then gives the next descriptor that is opened the number of a closed one, and
// what the program prints is written to a socket or a file of the library. So
// every descriptor that the library opens is moved above 2, and 0, 1 and 2 are
// occupied while LMDB or the system's name resolution opens some.

#ifndef APPCACHE_ENGINE_SUPPORT_HIGH_FD_H_
#define APPCACHE_ENGINE_SUPPORT_HIGH_FD_H_

#include "appcache/export.h"

namespace appcache::internal {

// Returns `fd`, or if that is 0, 1 or 2, a duplicate of it above 2 that is
// close-on-exec; then closes `fd`. Returns -1 with errno set when there is no
// duplicate, also after closing `fd`, and when `fd` is negative: the result of
// socket(), open() and the like can be passed on unchecked. Costs nothing when
// `fd` is above 2.
//
// Call it before the descriptor is connected or used: another thread that
// writes to 0, 1 or 2 reaches it until then.
APPCACHE_EXPORT int MoveAboveStandard(int fd) noexcept;

// Occupies the descriptors of closed standard streams during its lifetime, so
// that a library which then opens files gets higher ones.
class APPCACHE_EXPORT StandardFdsOccupied {
 public:
  StandardFdsOccupied() noexcept;
  ~StandardFdsOccupied();
  StandardFdsOccupied(const StandardFdsOccupied&) = delete;
  StandardFdsOccupied& operator=(const StandardFdsOccupied&) = delete;

 private:
  int fds_[3] = {-1, -1, -1};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_HIGH_FD_H_
