#include "tools/command/cli/cli.h"

int main(int argc, char** argv) { return appcache::command::Main(argc, argv); }
