// Whether the program is compiled with a sanitizer: GCC defines macros, clang
// has features.

#ifndef APPCACHE_ENGINE_SUPPORT_SANITIZERS_H_
#define APPCACHE_ENGINE_SUPPORT_SANITIZERS_H_

#if defined(__SANITIZE_ADDRESS__)
#define APPCACHE_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_THREAD__)
#define APPCACHE_THREAD_SANITIZER
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APPCACHE_ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer)
#define APPCACHE_THREAD_SANITIZER
#endif
#endif

namespace appcache::internal {

#if defined(APPCACHE_ADDRESS_SANITIZER)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif

#if defined(APPCACHE_THREAD_SANITIZER)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_SANITIZERS_H_
