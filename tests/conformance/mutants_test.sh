#!/usr/bin/env bash
# The suite passes over a backend without a mistake, and over no other.
set -euo pipefail

mutants=$1
# The tests that fail in there are none of this test's.
unset XML_OUTPUT_FILE
if ! "$mutants" --gtest_filter='*/None' > /dev/null; then
  echo "the suite finds fault with the reference backend" >&2
  exit 1
fi
found=0
# Each mutant once: the names of one test's instances.
names=$("$mutants" --gtest_list_tests --gtest_filter='*WhatWasSetIsThere/*' |
  sed -n 's|.*WhatWasSetIsThere/\([A-Za-z]*\).*|\1|p')
for name in $names; do
  [[ $name != None ]] || continue
  # The slowest tests look at nothing that a mutant does wrong.
  if "$mutants" --gtest_filter="*/$name-*64Meb*" > /dev/null; then
    echo "the suite does not find $name" >&2
    exit 1
  fi
  ((found += 1))
done
echo "$found mutants found"
((found >= 19))
