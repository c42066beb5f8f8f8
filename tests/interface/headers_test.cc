// That each public header compiles alone, and brings in no third-party header,
// is tested by building this: header_alone.cc.in is compiled once for each of
// them. Here is what keeps that check honest: the macros that it looks for are
// those of the headers that it means.

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <libmemcached/memcached.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

namespace {

TEST(HeadersTest, TheMacrosLookedForAreDefinedByTheHeadersMeant) {
#if defined(ZLIB_VERSION) && defined(SQLITE_VERSION) &&                   \
    defined(XXH_VERSION_MAJOR) && defined(HIREDIS_MAJOR) &&               \
    defined(MDB_VERSION_MAJOR) && defined(NLOHMANN_JSON_VERSION_MAJOR) && \
    defined(LIBMEMCACHED_VERSION_STRING)
  SUCCEED();
#else
  FAIL() << "a third-party header has changed its macros";
#endif
}

}  // namespace
