// The version of appcache, as macros.
//
// Version MAJOR.MINOR.PATCH. Before 1.0.0, a new MINOR may change the API and
// the ABI: compile and link again. A new PATCH changes neither, so a program
// may use it without being compiled again. The shared libraries carry the ABI
// number in their soname (libappcache.so.0). It is raised with each release
// whose ABI is incompatible with the one before.
//
// Only what headers in include/appcache/ declare outside namespace
// appcache::internal is part of the API.

#ifndef APPCACHE_VERSION_H_
#define APPCACHE_VERSION_H_

#define APPCACHE_VERSION_MAJOR 0
#define APPCACHE_VERSION_MINOR 1
#define APPCACHE_VERSION_PATCH 0
#define APPCACHE_VERSION "0.1.0"

#define APPCACHE_ABI_VERSION 0

#endif  // APPCACHE_VERSION_H_
