// SqliteCache beside bare SQLite: see README.md.

#include <sqlite3.h>

#include <string>

#include "bench/frame/program.h"
#include "bench/frame/statement_counter.h"
#include "bench/store_cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {
namespace {

void RegisterAll() {
  RegisterGetCases();
  RegisterSetCases();
  RegisterEvictionCases();
  RegisterMixedCases();
  RegisterFlushCases();
}

int Run(int argc, char** argv) {
  AddStatementCounter();
  const int status = RunProgram(
      argc, argv, std::string("SQLite ") + sqlite3_libversion(), RegisterAll);
  DestroyFixtures();
  return status;
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
