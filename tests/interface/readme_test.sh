#!/usr/bin/env bash
# readme_test.sh README QUICK_START: the first C++ block of the README must equal
# the marked region of the example, which other tests build and run.
set -euo pipefail

# shellcheck disable=SC2016 # The backquotes are those of the README.
quoted=$(sed -n '/^```cpp$/,/^```$/{/^```cpp$/d;/^```$/q;p}' "$1")
example=$(sed -n '/^\/\/ \[quick start\]$/,/^\/\/ \[\/quick start\]$/{//!p}' "$2")

if [[ -z $example ]]; then
  echo "$2 has no region between [quick start] and [/quick start]" >&2
  exit 1
fi
diff <(echo "$quoted") <(echo "$example") || {
  echo "the first \`\`\`cpp block of $1 differs from $2: copy it again" >&2
  exit 1
}
