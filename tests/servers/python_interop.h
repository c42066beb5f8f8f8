// Checks that programs in Python and this library read each other's entries on
// a server.

#ifndef APPCACHE_TESTS_SERVERS_PYTHON_INTEROP_H_
#define APPCACHE_TESTS_SERVERS_PYTHON_INTEROP_H_

#include <string>

#include "appcache/cache.h"

namespace appcache {

// Stores entries through `cache`, runs interop.py, which reads them and stores
// others as pyappcache does, and reads those. `arguments` are those of the
// script: the kind of server and its addresses. The cache's prefix must be the
// default.
void ExpectSharedWithPython(Cache& cache, const std::string& arguments);

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_PYTHON_INTEROP_H_
