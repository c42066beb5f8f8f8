#include "tools/command/exec/exec_flags.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/uri/units.h"
#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

// With this limit, a record fits into the largest value of a cache.
constexpr uint64_t kMaxOutput = uint64_t{512} << 20;

struct Given {
  const char* name;
  bool is_given;
};

// The first of the options that is given.
const char* FirstGiven(const std::vector<Given>& options) {
  for (const Given& option : options) {
    if (option.is_given) return option.name;
  }
  return nullptr;
}

Status CannotCombine(const char* one, const char* other) {
  return Invalid(std::string(one) + " cannot be combined with " + other);
}

// The value of an environment variable; none when it is unset or empty.
template <class Parse>
auto FromEnvironment(const char* variable, Parse parse)
    -> Result<std::optional<std::decay_t<decltype(*parse(""))>>> {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return {std::nullopt};
  auto parsed = parse(std::string_view(text));
  if (parsed.ok()) return {*std::move(parsed)};
  return Invalid(std::string(variable) + ": " + parsed.error().message);
}

// Sets `target` to the value that was given, otherwise to that of the variable,
// if there is one.
template <class T, class Parse>
Status Choose(const std::optional<T>& given, const char* variable, Parse parse,
              T& target) {
  if (given) {
    target = *given;
    return Status();
  }
  const auto found = FromEnvironment(variable, parse);
  if (found.ok() && *found) target = **found;
  return found.status();
}

// Adds the scope of the variable. It is usually a name for all runs of a
// script, so a name that is given replaces it.
Status AddDefaultScope(std::vector<Scope>& scopes) {
  const auto is_name = [](const Scope& scope) {
    return scope.kind == Scope::Kind::kName;
  };
  if (std::any_of(scopes.begin(), scopes.end(), is_name)) return Status();
  const auto scope = FromEnvironment("APPCACHE_SCOPE", ParseScope);
  if (scope.ok() && *scope) scopes.push_back(**scope);
  return scope.status();
}

}  // namespace

Status ExecFlags::Check() const {
  const std::vector<Given> modes = {{"--list", list},
                                    {"--forget", forget},
                                    {"--refresh", options.refresh},
                                    {"--warm", options.warm}};
  const char* const mode = FirstGiven(modes);
  for (const Given& other : modes) {
    if (other.is_given && other.name != mode) {
      return CannotCombine(mode, other.name);
    }
  }
  if (json && !list) return Invalid("--json requires --list");
  const std::vector<Given> for_runs = {
      {"--ttl", ttl.has_value()},
      {"--stale", stale.has_value()},
      {"--wait", list && wait.has_value()},
      {"--cache-timeout", cache_timeout.has_value()},
      {"--max-output", max_output.has_value()},
      {"--cache-failures", options.cache_failures},
      {"--mode", options.mode.has_value()},
      {"--pass-cache", options.pass_cache},
      {"--max-entries", options.cache.max_entries.has_value()},
      {"--max-bytes", options.cache.max_bytes.has_value()},
      {"--scope", list && !options.scopes.empty()}};
  const char* const other = FirstGiven(for_runs);
  if ((list || forget) && other != nullptr) return CannotCombine(mode, other);
  return Status();
}

Result<ExecOptions> ExecFlags::Resolve() const {
  ExecOptions result = options;
  Status status = AddDefaultScope(result.scopes);
  if (!status.ok()) return status;
  status = Choose(wait, "APPCACHE_WAIT", ParseWait, result.wait);
  if (!status.ok()) return status;
  if (forget) return result;
  const Status chosen[] = {
      Choose(ttl, "APPCACHE_TTL", internal::ParseDuration, result.lifetime.ttl),
      Choose(stale, "APPCACHE_STALE", internal::ParseDuration,
             result.lifetime.stale),
      Choose(cache_timeout, "APPCACHE_CACHE_TIMEOUT", ParseTimeout,
             result.cache_timeout),
      Choose(max_output, "APPCACHE_MAX_OUTPUT", ParseOutputSize,
             result.max_output)};
  for (const Status& one : chosen) {
    if (!one.ok()) return one;
  }
  return result;
}

Result<uint64_t> ParseOutputSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size > kMaxOutput) {
    return Invalid("must be at most 512MiB, the largest output of a run");
  }
  return size;
}

Result<milliseconds> ParseWait(std::string_view text) {
  // Sums of durations up to a day do not overflow.
  Result<milliseconds> wait = internal::ParseDuration(text);
  if (wait.ok() && *wait > std::chrono::hours(24)) {
    return Invalid("must be at most 1d");
  }
  return wait;
}

Result<milliseconds> ParseTimeout(std::string_view text) {
  Result<milliseconds> timeout = ParseWait(text);
  if (timeout.ok() && *timeout < milliseconds(1)) {
    return Invalid("must be at least 1ms");
  }
  return timeout;
}

Result<mode_t> ParseMode(std::string_view text) {
  mode_t mode = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_number =
      error == std::errc() && end == text.data() + text.size();
  // The owner needs both, and nobody executes a cache.
  if (!is_number || (mode & 0600) != 0600 || (mode & ~mode_t{0666}) != 0) {
    return Invalid(
        "write permissions in octal that include 0600, such as 0660");
  }
  return mode;
}

}  // namespace appcache::command
