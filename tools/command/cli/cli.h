// The command line of appcache.

#ifndef APPCACHE_TOOLS_COMMAND_CLI_CLI_H_
#define APPCACHE_TOOLS_COMMAND_CLI_CLI_H_

namespace appcache::command {

// Runs the command that the arguments name and returns the exit status. Does
// not throw.
int Main(int argc, char** argv);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CLI_CLI_H_
