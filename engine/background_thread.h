// A thread of the library's own, beside the program's.

#ifndef APPCACHE_ENGINE_BACKGROUND_THREAD_H_
#define APPCACHE_ENGINE_BACKGROUND_THREAD_H_

#include <functional>
#include <thread>

namespace appcache {

// All signals are blocked in it: one that is meant for the program must not
// land there. Throws std::system_error when there is no thread to be had, and
// std::bad_alloc.
std::thread StartBackgroundThread(std::function<void()> body);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_BACKGROUND_THREAD_H_
