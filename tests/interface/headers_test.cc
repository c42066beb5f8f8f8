// Checks that the third-party headers define the macros by which
// public_headers_test.py recognises them.

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

namespace {

TEST(HeadersTest, ThirdPartyHeadersDefineTheirVersionMacros) {
#if defined(ZLIB_VERSION) && defined(SQLITE_VERSION) &&     \
    defined(XXH_VERSION_MAJOR) && defined(HIREDIS_MAJOR) && \
    defined(MDB_VERSION_MAJOR) && defined(NLOHMANN_JSON_VERSION_MAJOR)
  SUCCEED();
#else
  FAIL() << "a third-party header has renamed its version macro: rename it "
            "here and in public_headers_test.py";
#endif
}

}  // namespace
