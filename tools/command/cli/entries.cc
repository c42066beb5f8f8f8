#include "tools/command/entries/entries.h"

#include <unistd.h>

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

void AddGet(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"get", "KEY", 1, 1, "Print a value",
       "Prints the bytes of the value, decompressed, and nothing else. On a\n"
       "terminal, prints the value in quotes, with control characters and\n"
       "bytes that are not UTF-8 escaped (\\n, \\x1b). A hit counts as an\n"
       "access. Exit status 1: there is no such entry.\n",
       "Example:\n  appcache get --cache /var/cache/app/cache.db user/7\n"},
      [options](const Operands& words) {
        options->key = words[0];
        return Get(*options);
      });
  AddFlag(command, "--raw", "Print the bytes on a terminal too", options->raw);
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddSet(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<SetOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"set", "KEY [VALUE]", 1, 2, "Store a value",
       "Without a VALUE, or if it is -, reads the value from standard input.\n"
       "Evicts entries of a file only when a limit is given.\n",
       "Examples:\n"
       "  appcache set --ttl 1h greeting hello\n"
       "  appcache set --compress page/home - < home.html\n"},
      [options](const Operands& words) {
        options->key = words[0];
        options->value = words.size() > 1 ? words[1] : "-";
        if (words.size() < 2 && isatty(STDIN_FILENO)) {
          return FailUsage(
              "set: missing VALUE; write -, to type it on standard input");
        }
        return Set(*options);
      });
  AddValue(command, "--ttl", "DURATION",
           "Expire the entry after this time: 30s, 10m,\n"
           "1h, 7d (default: never)",
           internal::ParseDuration, options->ttl);
  AddFlag(command, "--compress", "Compress the value with gzip",
          options->compress);
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddLimitOptions(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddDel(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<DelOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"del", "KEY... | --matching PATTERN", 0, SIZE_MAX, "Remove entries",
       "Prints the number of removed entries. A missing entry is "
       "not an error.\n"
       "With --matching, removes every entry whose key matches the "
       "PATTERN\n"
       "(see appcache keys --help), without a question. That works "
       "on SQLite\n"
       "files, LMDB directories and Redis servers, and reads all "
       "keys.\n"
       "The number is then that of the entries found: one that another\n"
       "program removed at the same time is counted too.\n",
       "Examples:\n"
       "  appcache del user/7 user/8\n"
       "  appcache del --matching 'user/*' --dry-run\n"},
      [options](const Operands& words) {
        if (words.empty() == !options->pattern) {
          return FailUsage("del: write either KEY... or --matching PATTERN");
        }
        if (options->dry_run && !options->pattern) {
          return FailUsage("del: --dry-run requires --matching");
        }
        options->names = words;
        return Del(*options);
      });
  AddParsed(command, "--matching", "PATTERN",
            "Remove the entries whose key matches",
            [options](const std::string& text) {
              options->pattern = text;
              return Status();
            });
  AddFlag(command, "--dry-run",
          "With --matching: print how many entries match,\nand remove none",
          options->dry_run);
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

void AddTtl(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<TtlOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"ttl", "KEY", 1, 1, "Print the remaining ttl of an entry",
       "Prints the seconds until the entry expires, or never. Does not\n"
       "count as an access. Exit status 1: there is no such entry.\n",
       "Example:\n  appcache ttl user/7\n"},
      [options](const Operands& words) {
        options->key = words[0];
        return Ttl(*options);
      });
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

// A ttl, or never.
Result<std::chrono::milliseconds> ParseNewTtl(std::string_view text) {
  if (text == "never") return kNoTtl;
  Result<std::chrono::milliseconds> ttl = internal::ParseDuration(text);
  if (ttl.ok() && *ttl == kNoTtl) {
    return Status(ErrorCode::kInvalidArgument,
                  "a ttl of 0; write never to keep the entry, or use del to "
                  "remove it");
  }
  return ttl;
}

void AddExpire(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<ExpireOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"expire", "KEY DURATION", 2, 2, "Change the ttl of an entry",
       "The entry expires after this time from now: 30s, 10m, 1h, 7d; or\n"
       "never. Keeps the value, also one that another program sets at the\n"
       "same time, and counts as an access. Exit status 1: there is no such\n"
       "entry.\n",
       "Examples:\n"
       "  appcache expire user/7 10m\n"
       "  appcache expire user/7 never\n"},
      [options](const Operands& words) {
        const auto ttl = ParseNewTtl(words[1]);
        if (!ttl.ok()) return FailUsage("expire: " + ttl.status().message());
        options->key = words[0];
        options->ttl = *ttl;
        return Expire(*options);
      });
  AddKeyOptions(command, options->keys);
  AddCacheOption(command, options->cache);
  AddJsonOption(command, options->json);
}

}  // namespace

void AddEntryCommands(CLI::App& app, CommandLine& line) {
  AddGet(app, line);
  AddSet(app, line);
  AddDel(app, line);
  AddTtl(app, line);
  AddExpire(app, line);
}

}  // namespace appcache::command
