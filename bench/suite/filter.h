// Filter: the cases that the command line selects.

#ifndef APPCACHE_BENCH_SUITE_FILTER_H_
#define APPCACHE_BENCH_SUITE_FILTER_H_

#include <optional>
#include <regex>
#include <string>

#include "bench/frame/program.h"

namespace appcache::bench {

// The value of the argument "FLAG=VALUE", which is removed from the arguments;
// "true" for FLAG alone.
inline std::optional<std::string> TakeFlag(int& argc, char** argv,
                                           const std::string& flag) {
  const std::string start = flag + "=";
  std::optional<std::string> value;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with(start)) {
      value = argument.substr(start.size());
    } else if (argument == flag) {
      value = "true";
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return value;
}

// A regular expression, as --benchmark_filter of Google Benchmark: extended
// syntax, and those that do not match if it starts with "-".
class Filter {
 public:
  // None selects everything. Ends the program if the expression is malformed.
  explicit Filter(const std::optional<std::string>& expression) {
    std::string text = expression.value_or(".");
    negated_ = text.starts_with("-");
    if (negated_) text.erase(0, 1);
    if (text == "all") text = ".";
    try {
      regex_.assign(text, std::regex::extended | std::regex::nosubs);
    } catch (const std::regex_error& error) {
      Fail("malformed filter \"" + text + "\": " + error.what());
    }
  }

  bool Selects(const std::string& name) const {
    return std::regex_search(name, regex_) != negated_;
  }

  // Also matches the name of the case, which ends before "/loop:".
  bool SelectsLatency(const std::string& name) const {
    const std::string of_case = name.substr(0, name.rfind("/loop:"));
    return (std::regex_search(name, regex_) ||
            std::regex_search(of_case, regex_)) != negated_;
  }

 private:
  bool negated_ = false;
  std::regex regex_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_FILTER_H_
