#!/usr/bin/env bash
# readme_test.sh README QUICK_START: the first C++ block of the README is, word
# for word, what is between the marks of the example, which is built and run.
set -euo pipefail

quoted=$(sed -n '/^```cpp$/,/^```$/{/^```cpp$/d;/^```$/q;p}' "$1")
example=$(sed -n '/^\/\/ \[quick start\]$/,/^\/\/ \[\/quick start\]$/{//!p}' "$2")

if [[ -z $example ]]; then
  echo "$2 has no marked region" >&2
  exit 1
fi
diff <(echo "$quoted") <(echo "$example") || {
  echo "the first \`\`\`cpp block of $1 differs from $2" >&2
  exit 1
}
