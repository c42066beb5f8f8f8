#!/usr/bin/env bash
# mutants_test.sh MUTANTS: the suite passes with the backend that has no fault,
# and fails with each of the others.
set -euo pipefail

mutants=$1
# Keeps the expected failures out of this test's own report.
unset XML_OUTPUT_FILE
if ! "$mutants" --gtest_filter='*/None' > /dev/null; then
  echo "the suite fails with the backend that has no fault" >&2
  exit 1
fi
found=0
# The names of the mutants, from the instances of one test.
names=$("$mutants" --gtest_list_tests --gtest_filter='*AGetReturnsWhatWasSet/*' |
  sed -n 's|.*AGetReturnsWhatWasSet/\([A-Za-z]*\).*|\1|p')
for name in $names; do
  [[ $name != None ]] || continue
  # The slowest test finds no fault that the others do not find.
  if "$mutants" --gtest_fail_fast --gtest_filter="*/$name-*64Meb*" > /dev/null; then
    echo "the suite passes with $name; add a test that finds its fault" >&2
    exit 1
  fi
  ((found += 1))
done
echo "$found mutants found"
((found >= 23))
