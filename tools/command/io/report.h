// Prints results to standard output, and messages to standard error.

#ifndef APPCACHE_TOOLS_COMMAND_IO_REPORT_H_
#define APPCACHE_TOOLS_COMMAND_IO_REPORT_H_

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/error.h"

namespace appcache::command {

// Writes all of `text` to standard output. Returns kDone; on failure, prints
// the error and returns kFailure.
int Print(std::string_view text);

// Prints the report as one line of JSON, or indented on a terminal.
int PrintJson(const nlohmann::ordered_json& report);

// The report as JSON for standard output: on a terminal, without invisible
// characters. An indent of -1 means one line.
std::string JsonText(const nlohmann::ordered_json& report, int indent = -1);

// Sets report[name] to `bytes`, or report[name + "_base64"] when they are not
// UTF-8, because a JSON string cannot hold other bytes.
void SetBytes(nlohmann::ordered_json& report, const char* name,
              std::string_view bytes);

// A duration in milliseconds, with fractions: json.md.
nlohmann::ordered_json Milliseconds(std::chrono::nanoseconds time);
nlohmann::ordered_json Milliseconds(uint64_t nanoseconds);

// The number, or null without one.
nlohmann::ordered_json OrNull(const std::optional<uint64_t>& number);
nlohmann::ordered_json OrNull(const std::optional<double>& number);

// kInvalidArgument with the message.
Status Invalid(std::string message);

// Prints "appcache: warning: MESSAGE" to standard error. Here and below,
// invisible characters of the message are escaped, and the credentials of a URI
// in it are left out.
void Warn(std::string_view message);

// Prints "appcache: MESSAGE" to standard error: what happens, not an error.
void Note(std::string_view message);

// Prints "appcache: MESSAGE" to standard error. Returns kUsage for
// kInvalidArgument, and kFailure for any other code. REQUIRES: !status.ok().
int Fail(const Status& status);
// The same for an error in the command line: returns kUsage.
int FailUsage(std::string_view message);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_REPORT_H_
