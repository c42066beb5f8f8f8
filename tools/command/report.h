// Results on standard output, everything else on standard error.

#ifndef APPCACHE_TOOLS_COMMAND_REPORT_H_
#define APPCACHE_TOOLS_COMMAND_REPORT_H_

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "engine/error.h"

namespace appcache::command {

// Writes to standard output, whole. Returns kDone, or kFailure after telling
// why.
int Print(std::string_view text);

// Prints the report as one line of JSON, or indented on a terminal.
int PrintJson(const nlohmann::ordered_json& report);

// Sets report[name] to `bytes`, or report[name + "_base64"] when they are not
// UTF-8, which is all that a JSON string can hold.
void SetBytes(nlohmann::ordered_json& report, const char* name,
              std::string_view bytes);

// "appcache: warning: ..." on standard error.
void Warn(std::string_view message);

// "appcache: ..." on standard error; returns kFailure, or kUsage for an
// argument that is not what it may be.
int Fail(const Status& status);
int FailUsage(std::string_view message);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_REPORT_H_
