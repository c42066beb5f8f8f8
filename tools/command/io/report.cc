#include "tools/command/io/report.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

// Uses one write, so that lines of several processes do not mix. Ignores a
// failure: there is no other place to report it. Texts from outside are escaped
// where they are quoted; here, those of libraries are.
void PrintError(std::string_view kind, std::string_view message) {
  std::string line("appcache: ");
  line.append(kind).append(Printable(HideCredentials(message))).append("\n");
  WriteAll(STDERR_FILENO, line);
}

}  // namespace

int Print(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return kDone;
  return Fail(SystemFailure("write to", "standard output", error));
}

int PrintJson(const nlohmann::ordered_json& report) {
  return Print(JsonText(report, isatty(STDOUT_FILENO) ? 2 : -1) + "\n");
}

std::string JsonText(const nlohmann::ordered_json& report, int indent) {
  std::string text = report.dump(indent);
  return isatty(STDOUT_FILENO) ? PrintableJson(text) : text;
}

void SetBytes(nlohmann::ordered_json& report, const char* name,
              std::string_view bytes) {
  if (IsUtf8(bytes)) {
    report[name] = bytes;
  } else {
    report[std::string(name) + "_base64"] = Base64(bytes);
  }
}

nlohmann::ordered_json Milliseconds(std::chrono::nanoseconds time) {
  constexpr double kNanoseconds = 1e6;
  return static_cast<double>(time.count()) / kNanoseconds;
}

nlohmann::ordered_json Milliseconds(uint64_t nanoseconds) {
  return Milliseconds(
      std::chrono::nanoseconds(static_cast<int64_t>(nanoseconds)));
}

nlohmann::ordered_json OrNull(const std::optional<uint64_t>& number) {
  return number ? nlohmann::ordered_json(*number) : nullptr;
}

nlohmann::ordered_json OrNull(const std::optional<double>& number) {
  return number ? nlohmann::ordered_json(*number) : nullptr;
}

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

void Warn(std::string_view message) { PrintError("warning: ", message); }

void Note(std::string_view message) { PrintError("", message); }

int Fail(const Status& status) {
  PrintError("", status.message());
  return status.Is(ErrorCode::kInvalidArgument) ? kUsage : kFailure;
}

int FailUsage(std::string_view message) {
  PrintError("", message);
  return kUsage;
}

}  // namespace appcache::command
