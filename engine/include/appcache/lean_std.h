// The parts of <chrono> and <memory> that the public headers use: durations,
// points in time, std::unique_ptr and std::shared_ptr.
//
// A program that includes cache.h compiles it in each of its files, and most of
// that time goes into headers of the standard library. libstdc++ has these
// parts in headers of their own, without calendars, string streams and parallel
// algorithms, which saves 15 % of the time. Other libraries, and releases of
// libstdc++ that have not been tested, get the whole headers.
//
// Include <chrono> or <memory> for the rest of them. Not for users.

#ifndef APPCACHE_LEAN_STD_H_
#define APPCACHE_LEAN_STD_H_

#include <cstddef>  // defines _GLIBCXX_RELEASE

#if defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE == 12
#include <bits/chrono.h>
#include <bits/shared_ptr.h>
#include <bits/unique_ptr.h>
#else
#include <chrono>
#include <memory>
#endif

#include "appcache/require_cxx20.h"

#endif  // APPCACHE_LEAN_STD_H_
