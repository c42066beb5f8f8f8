// What --help and the man pages say about the program as a whole.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_TEXT_H_

#include <string>
#include <vector>

#include "appcache/version.h"

namespace appcache::command {

inline constexpr const char* kVersion = APPCACHE_VERSION;
inline constexpr const char* kVersionDate = "November 29, 2026";
inline constexpr const char* kSummary =
    "Caches the output of commands, and inspects and manages caches";

// Paragraphs are separated by an empty line. Lines that start with a blank are
// not filled. Each line ends with a newline.
struct ProgramText {
  // The name of the section of a man page: "EXIT STATUS".
  const char* section;
  std::string text;
};

// In the order of the man page; --help prints the texts in the same order.
// Names the URIs of the backends that are linked.
std::vector<ProgramText> ProgramTexts();

// The beginnings of the URIs of a cache: "redis://", "lmdb:".
std::vector<std::string> CacheUriPrefixes();

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_PROGRAM_TEXT_H_
