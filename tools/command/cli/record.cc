#include "tools/command/traces/record.h"

#include <memory>

#include "engine/uri/units.h"
#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"

namespace appcache::command {
namespace {

Result<uint64_t> ParseSeconds(std::string_view text) {
  return internal::ParseNumber(text, 1, kMaxRecordSeconds);
}

Result<uint64_t> ParseMaxSize(std::string_view text) {
  Result<uint64_t> size = internal::ParseSize(text);
  if (size.ok() && *size == 0) {
    return Status(ErrorCode::kInvalidArgument, "must be at least 1 byte");
  }
  return size;
}

Result<RecordFormat> ParseRecordFormat(std::string_view text) {
  if (text == "oracle-general") return RecordFormat::kOracleGeneral;
  if (text == "csv") return RecordFormat::kCsv;
  return Status(ErrorCode::kInvalidArgument, "oracle-general or csv");
}

}  // namespace

void AddRecord(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<RecordOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"record", "RECORDER TRACE", 2, 2,
       "Record what a running program reads and writes",
       "RECORDER is the file that the program has made with\n"
       "AccessRecorder::Create. Records the accesses to a sample of the keys, "
       "and\n"
       "writes the gets to TRACE in the format of libCacheSim, oracleGeneral. "
       "A\n"
       "key is a hash with a secret; values are not recorded. Ends after\n"
       "--seconds or --requests, with the program, or with Ctrl-C, and prints "
       "the\n"
       "hit ratio that the program had, with its sampling error.\n",
       "Examples:\n"
       "  appcache record /run/app/cache.record app.oracleGeneral --seconds "
       "60\n"
       "  appcache record cache.record app.csv --format csv --sample 10%\n"},
      [options](const Operands& words) {
        options->recorder = words[0];
        options->output = words[1];
        return Record(*options);
      });
  AddValue(command, "--sample", "PERCENT",
           "Record this share of the keys (default: 1%)", ParseSample,
           options->sample);
  AddValue(command, "--seconds", "N", "Stop after this time", ParseSeconds,
           options->seconds);
  AddValue(command, "--requests", "N",
           "Stop when so many gets have been recorded", internal::ParseCount,
           options->requests);
  AddValue(command, "--max-size", "SIZE",
           "Stop when the recorded accesses take this much\n"
           "disk space, besides TRACE (default: 1GiB)",
           ParseMaxSize, options->max_bytes);
  AddValue(command, "--format", "oracle-general|csv",
           "csv has sets, invalidations and ttls too, in the\n"
           "columns time, key, size (of key and value), ttl\n"
           "and op",
           ParseRecordFormat, options->format);
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
