// Reports a compiler that is not set to C++20, before errors that are harder to
// understand. Every public header includes it. Not for users.

#ifndef APPCACHE_REQUIRE_CXX20_H_
#define APPCACHE_REQUIRE_CXX20_H_

#if !defined(__cplusplus) || __cplusplus < 202002L
#error \
    "appcache requires C++20: compile with -std=c++20 or newer \
(in Bazel, --cxxopt=-std=c++20)"
#endif

#endif  // APPCACHE_REQUIRE_CXX20_H_
