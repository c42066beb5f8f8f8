// StartBackgroundThread: starts a thread of the library's own.

#ifndef APPCACHE_ENGINE_SUPPORT_BACKGROUND_THREAD_H_
#define APPCACHE_ENGINE_SUPPORT_BACKGROUND_THREAD_H_

#include <functional>
#include <thread>

#include "appcache/export.h"

namespace appcache::internal {

// Runs `body`, which must not throw, in a new thread that blocks all signals:
// a signal to the process must be handled by the program's threads. Throws
// std::system_error when the system refuses a thread, and std::bad_alloc.
APPCACHE_EXPORT std::thread StartBackgroundThread(std::function<void()> body);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_BACKGROUND_THREAD_H_
