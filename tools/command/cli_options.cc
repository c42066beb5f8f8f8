#include "tools/command/cli_options.h"

#include <cstdlib>

#include "engine/uri/units.h"
#include "tools/command/cli_command.h"
#include "tools/command/location.h"

namespace appcache::command {

void AddCacheOption(CLI::App& command, CacheFlags& flags) {
  const char* const otherwise = std::getenv(kCacheVariable);
  if (otherwise != nullptr) flags.uri = otherwise;
  flags.is_from_environment = !flags.uri.empty();
  AddParsed(command, "--cache", "URI",
            "The cache: a PATH, or a URI as redis://HOST\n"
            "(appcache --help lists them); without it\n"
            "that of $APPCACHE_CACHE, or else your own,\n"
            "in ~/.cache/appcache",
            [&flags](const std::string& uri) {
              flags.uri = uri;
              flags.is_from_environment = false;
              return ParseCacheUri(uri).status();
            });
}

void AddLimitOptions(CLI::App& command, CacheFlags& flags) {
  AddValue(command, "--max-entries", "N",
           "Evict the least recently used beyond this many", ParseCount,
           flags.max_entries);
  AddParsed(command, "--max-bytes", "SIZE",
            "Likewise, bytes of keys and values together; of\n"
            "an LMDB directory, of its file, and what was\n"
            "written first goes first",
            [&flags](const std::string& text) {
              const Result<uint64_t> size = ParseSize(text);
              if (!size.ok()) return size.status();
              if (*size == 0) {
                return Status(ErrorCode::kInvalidArgument,
                              "a cache of no bytes holds nothing");
              }
              flags.max_bytes = *size;
              return Status();
            });
}

void AddKeyOptions(CLI::App& command, KeyFlags& flags) {
  AddParsed(command, "--prefix", "TEXT",
            "What a KEY stands under (default: that of the\n"
            "URI, or pyappcache)",
            [&flags](const std::string& text) {
              flags.prefix = text;
              return Status();
            });
  AddFlag(command, "--raw", "A KEY is the whole key path, prefix and all",
          flags.raw);
}

void AddJsonOption(CLI::App& command, bool& json) {
  AddFlag(command, "--json", "Print the result as JSON", json);
}

}  // namespace appcache::command
