#include "tools/command/cli/options.h"

#include <cstdlib>

#include "engine/uri/units.h"
#include "tools/command/cache/location.h"
#include "tools/command/cli/command.h"
#include "tools/command/traces/mrc.h"

namespace appcache::command {

void AddCacheOption(CLI::App& command, CacheFlags& flags) {
  const char* const from_environment = std::getenv(kCacheVariable);
  if (from_environment != nullptr) flags.uri = from_environment;
  flags.is_from_environment = !flags.uri.empty();
  AddParsed(command, "--cache", "URI",
            "The cache: a PATH, or a URI such as\n"
            "redis://HOST (see appcache --help). Default:\n"
            "$APPCACHE_CACHE, or if that is not set, your\n"
            "own cache in ~/.cache/appcache",
            [&flags](const std::string& uri) {
              flags.uri = uri;
              flags.is_from_environment = false;
              return ParseCacheUri(uri).status();
            });
}

void AddLimitOptions(CLI::App& command, CacheFlags& flags) {
  AddValue(command, "--max-entries", "N",
           "Evict the least recently used entries above\n"
           "this number",
           internal::ParseCount, flags.max_entries);
  AddParsed(command, "--max-bytes", "SIZE",
            "Evict entries above this total size of keys\n"
            "and values. Of an LMDB directory, the size of\n"
            "its file; evicts the entries written first",
            [&flags](const std::string& text) {
              const Result<uint64_t> size = internal::ParseSize(text);
              if (!size.ok()) return size.status();
              if (*size == 0) {
                return Status(ErrorCode::kInvalidArgument,
                              "must be at least 1 byte");
              }
              flags.max_bytes = *size;
              return Status();
            });
}

void AddKeyOptions(CLI::App& command, KeyFlags& flags) {
  AddParsed(command, "--prefix", "TEXT",
            "The prefix of the key path of a KEY (default:\n"
            "the prefix of the URI, or pyappcache)",
            [&flags](const std::string& text) {
              flags.prefix = text;
              return Status();
            });
  AddFlag(command, "--key-path", "A KEY is the whole key path, with its prefix",
          flags.whole_path);
}

void AddTraceFormat(CLI::App& command, std::optional<trace::Format>& format) {
  AddValue(command, "--format",
           "plain|csv|arc|cachelib-kv|cachelib-block|oracle-general",
           "The format of TRACE (default: by its name and\n"
           "content)",
           trace::ParseFormat, format);
}

void AddJsonOption(CLI::App& command, bool& json) {
  AddFlag(command, "--json", "Print the result as JSON", json);
}

Result<double> ParseSample(std::string_view text) {
  // Below it, a sample says nothing.
  constexpr double kLeastPercent = 0.01;
  Result<double> percent = ParsePercent(text);
  if (!percent.ok()) return percent;
  if (*percent < kLeastPercent) {
    return Status(ErrorCode::kInvalidArgument, "must be at least 0.01%");
  }
  return *percent / 100;
}

}  // namespace appcache::command
