// Opening a cache file while the file system fails.

#include <gtest/gtest.h>

#include "tests/fault/fault_loop.h"

namespace appcache::io_error_open_test {
namespace {

using IoErrorOpenTest = FaultLoop;

TEST_F(IoErrorOpenTest, ANewFile) { FailEverywhereInOpen(File::kNone); }

TEST_F(IoErrorOpenTest, AnExistingFile) {
  MakeOriginal(/*with_log=*/false);
  FailEverywhereInOpen(File::kOriginal);
}

// It gets the column for checksums.
TEST_F(IoErrorOpenTest, AFileOfAnOlderBuild) {
  MakeOriginal(/*with_log=*/false);
  MakeOriginalOlder();
  FailEverywhereInOpen(File::kOriginal);
}

TEST_F(IoErrorOpenTest, AFileWhoseLogHasToBeRecovered) {
  MakeOriginal(/*with_log=*/true);
  FailEverywhereInOpen(File::kOriginal);
}

}  // namespace
}  // namespace appcache::io_error_open_test
