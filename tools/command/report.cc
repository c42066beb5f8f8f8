#include "tools/command/report.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/exit_status.h"
#include "tools/command/fd.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

// In one write, so that lines of several processes do not mix. When standard
// error does not take it there is nobody left to tell.
void PrintError(std::string_view kind, std::string_view message) {
  std::string line("appcache: ");
  line.append(kind).append(message).append("\n");
  WriteAll(STDERR_FILENO, line);
}

}  // namespace

int Print(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return kDone;
  return Fail(FileFailure("write to", "standard output", error));
}

int PrintJson(const nlohmann::ordered_json& report) {
  const int indent = isatty(STDOUT_FILENO) ? 2 : -1;
  return Print(report.dump(indent) + "\n");
}

void SetBytes(nlohmann::ordered_json& report, const char* name,
              std::string_view bytes) {
  if (IsUtf8(bytes)) {
    report[name] = bytes;
  } else {
    report[std::string(name) + "_base64"] = Base64(bytes);
  }
}

void Warn(std::string_view message) { PrintError("warning: ", message); }

int Fail(const Status& status) {
  const Error& error = status.error();
  PrintError("", error.message);
  return error.code == ErrorCode::kInvalidArgument ? kUsage : kFailure;
}

int FailUsage(std::string_view message) {
  PrintError("", message);
  return kUsage;
}

}  // namespace appcache::command
