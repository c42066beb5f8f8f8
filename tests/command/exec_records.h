// Changes the records of appcache exec, as if time had passed.

#ifndef APPCACHE_TESTS_COMMAND_EXEC_RECORDS_H_
#define APPCACHE_TESTS_COMMAND_EXEC_RECORDS_H_

#include <chrono>
#include <string>

namespace appcache::command {

// Makes all runs in the SQLite file older (or, if negative, younger) by `time`.
// They stay in the cache without a ttl of its own.
void MakeOlder(const std::string& file, std::chrono::milliseconds time);

// Makes what the cache remembers of refreshes that were tried last for an hour,
// which is longer than any test. A machine that stops for a minute would forget
// it.
void KeepTriedRefreshes(const std::string& file);

// Removes what the cache remembers of refreshes that were tried.
void ForgetTriedRefreshes(const std::string& file);

}  // namespace appcache::command

#endif  // APPCACHE_TESTS_COMMAND_EXEC_RECORDS_H_
