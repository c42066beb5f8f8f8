// A file size limit of the process (ulimit -f) is an error of a call, and not
// the end of the process.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>

#include "appcache/lmdb_cache.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::file_size_limit_test {
namespace {

TEST(LmdbFileSizeLimitTest, OpeningAFileThatIsLargerFails) {
  const TempDir dir;
  EXPECT_EQ(InChild([&]() -> std::string {
              signal(SIGXFSZ, SIG_DFL);
              rlimit limit{};
              getrlimit(RLIMIT_FSIZE, &limit);
              for (const rlim_t bytes : {0, 10, 5000, 100'000}) {
                limit.rlim_cur = bytes;
                setrlimit(RLIMIT_FSIZE, &limit);
                if (LmdbCache::Open(dir.path() + "/cache").ok()) {
                  return "opened with a limit of " + std::to_string(bytes);
                }
              }
              limit.rlim_cur = limit.rlim_max;
              setrlimit(RLIMIT_FSIZE, &limit);
              const auto cache = LmdbCache::Open(dir.path() + "/cache");
              if (!cache.ok()) return cache.status().ToString();
              return (*cache)->backend()->SetRaw("k", "v", kNoTtl).ToString();
            }),
            Status().ToString());
}

}  // namespace
}  // namespace appcache::file_size_limit_test
