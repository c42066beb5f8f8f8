#include "tools/command/cli/program_text.h"

#include <string_view>

#include "engine/uri/scheme_registry.h"

namespace appcache::command {
namespace {

constexpr const char* kUnits =
    R"(appcache COMMAND --help describes a command. Durations are written 500ms,
10s, 5m, 1h, 7d, 2w, or 1h30m, or 1.5h, or in seconds. Sizes are written 64KiB,
8MiB, 1GiB, or in bytes. The value of an option must not be empty.
)";

constexpr const char* kUriOptions =
    R"(The options of a URI follow a ?: redis://HOST?prefix=app&timeout=50ms.
Special characters are percent-encoded: an @ in a password is %40. keys, top and
dump do not work on Memcached, and check works on SQLite files only.
)";

constexpr const char* kEnvironment =
    R"(Without --cache, the cache is named by the environment variable
APPCACHE_CACHE, unless it is empty. Put a URI with a password there, because
every user can see the command line with ps. replay does not use it.
)";

constexpr const char* kFiles =
    R"(Without --cache and APPCACHE_CACHE, the cache is your own:
appcache/cache.db in the directory XDG_CACHE_HOME, or if that is not set, in
~/.cache.
)";

constexpr const char* kExitStatus =
    R"(The exit status is 0 for success or a hit, 1 for a miss, 2 for an error
in the command line, and 3 for a failure. exec exits with the status of the
command that it runs.
)";

constexpr const char* kExample =
    R"(Example:
  appcache exec --ttl 10m -- curl -s https://example.com/rates.json
)";

bool IsUsable(const internal::KnownScheme& scheme) {
  return internal::IsLinked(scheme) && scheme.name != "memory";
}

std::string Description() {
  std::string text(kUnits);
  text += "\nA cache is the PATH of a SQLite file, or a URI:\n\n";
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    if (IsUsable(scheme)) text.append("  ").append(scheme.form).append("\n");
  }
  return text + "\n" + kUriOptions;
}

}  // namespace

std::vector<ProgramText> ProgramTexts() {
  return {{"DESCRIPTION", Description()},
          {"ENVIRONMENT", kEnvironment},
          {"FILES", kFiles},
          {"EXIT STATUS", kExitStatus},
          {"EXAMPLES", kExample}};
}

std::vector<std::string> CacheUriPrefixes() {
  std::vector<std::string> prefixes;
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    if (!IsUsable(scheme)) continue;
    const std::string_view form(scheme.form);
    // The rest of the form is placeholders in upper case.
    prefixes.emplace_back(
        form.substr(0, form.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")));
  }
  return prefixes;
}

}  // namespace appcache::command
