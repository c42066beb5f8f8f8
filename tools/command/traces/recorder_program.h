// The program that has made a recorder file, in messages.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_RECORDER_PROGRAM_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_RECORDER_PROGRAM_H_

#include <string>

#include "appcache/error.h"
#include "tools/command/text/text.h"

namespace appcache::command {

inline Status NoProgram(const std::string& recorder) {
  return Status(ErrorCode::kUnavailable, "the program of the recorder file " +
                                             Quoted(recorder) +
                                             " does not run; start it");
}

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_RECORDER_PROGRAM_H_
