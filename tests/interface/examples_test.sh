#!/usr/bin/env bash
# examples_test.sh QUICK_START FILE_CACHE_EXAMPLE: the examples do what they say,
# also the second time, when the cache is not empty any more.
set -euo pipefail

quick_start=$PWD/$1
file_cache_example=$PWD/$2
cd "$TEST_TMPDIR"

# expect WANTED COMMAND...
expect() {
  local wanted=$1 printed
  shift
  printed=$("$@")
  if [[ $printed != "$wanted" ]]; then
    printf '%s printed\n%s\ninstead of\n%s\n' "$1" "$printed" "$wanted" >&2
    exit 1
  fi
}

expect $'Ada\nGrace' "$quick_start"
expect $'Ada\nGrace' "$quick_start"
expect '168 primes below 1000 (counted)' "$file_cache_example" primes 1000
expect '168 primes below 1000 (from the cache)' "$file_cache_example" primes 1000
expect '25 primes below 100 (counted)' "$file_cache_example" primes 100
