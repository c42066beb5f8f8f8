#include "tools/command/traces/mrc.h"

#include <memory>

#include "tools/command/cli/command.h"
#include "tools/command/cli/options.h"
#include "tools/command/traces/capacities.h"

namespace appcache::command {
namespace {

Result<bool> ParseOnOff(std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return Status(ErrorCode::kInvalidArgument, "expected on or off");
}

}  // namespace

void AddMrc(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<MrcOptions>();
  CLI::App& command = AddCommand(
      app, line,
      {"mrc", "TRACE", 1, 1, "Show the hit ratio for each size of a cache",
       "TRACE has the requests of a program, such as one key per line, and\n"
       "may be compressed with gzip or zstd; - is standard input. Computes "
       "how\n"
       "many requests an exact LRU of each capacity hits if it starts empty\n"
       "and stores every missed key: the miss ratio curve (MRC). `replay`\n"
       "measures the same numbers with a cache.\n",
       "Examples:\n"
       "  appcache mrc keys.txt.gz --hit-ratio 90\n"
       "  appcache mrc keys.txt.gz --entries 1000,5000 --compare\n"},
      [options](const Operands& words) {
        options->trace = words[0];
        return Mrc(*options);
      });
  AddTraceFormat(command, options->format);
  AddValue(command, "--entries", "N,...",
           "The capacities to show (default: chosen by the\n"
           "number of keys)",
           ParseCapacities, options->capacities);
  AddRepeated(command, "--hit-ratio", "PERCENT",
              "Also print the capacity that has this hit ratio.\n"
              "May be repeated",
              [options](const std::string& text) {
                const Result<double> percent = ParsePercent(text);
                if (!percent.ok()) return percent.status();
                options->targets_percent.push_back(*percent);
                return Status();
              });
  AddValue(command, "--sample", "PERCENT",
           "Follow this share of the keys only, beyond the\n"
           "16384 used last: less memory, and an estimate\n"
           "with its error",
           ParseSample, options->sample);
  AddValue(command, "--ttl", "on|off",
           "Whether entries also expire by the ttls and times\n"
           "that the trace states (default: on)",
           ParseOnOff, options->ttls);
  AddFlag(command, "--compare",
          "Also simulate FIFO, S3-FIFO and the optimum, which\n"
          "knows the future; without ttls",
          options->compare);
  AddJsonOption(command, options->json);
}

}  // namespace appcache::command
