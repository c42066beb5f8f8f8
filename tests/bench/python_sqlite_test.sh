#!/usr/bin/env bash
# The draws of bench/peers/python_sqlite are those of suite_benchmark (see
# draws_test.cc), and its report is one of Google Benchmark.
set -euo pipefail

script=$1

# expect_draws DISTRIBUTION DRAWS: the first five draws from 10,000 items.
expect_draws() {
  local drawn
  drawn=$("$script" --draws "$1")
  if [[ $drawn != "$2" ]]; then
    echo "$1: expected the draws $2, got $drawn" >&2
    exit 1
  fi
}

expect_draws zipf '9387 6014 3239 8983 9322'
expect_draws uniform '7622 4817 9505 4564 1802'
expect_draws hot '9322 9322 9322 9322 9322'

"$script" --benchmark_repetitions=2 --benchmark_min_time=0.0001 \
  --benchmark_filter='/(memory|file)/16/entries:1000/keys:(uniform)/' |
  python3 -c '
import json
import sys

runs = json.load(sys.stdin)["benchmarks"]
operations = """loop get_hit get_miss get_many set_over mix_95_5 mix_50_50
    set_new invalidate set_evict""".split()
expected = sorted(
    f"{operation}/python_sqlite/{place}/16/entries:1000/keys:uniform/threads:1"
    for operation in operations
    for place in ("memory", "file")
)
assert sorted(run["name"] for run in runs) == sorted(2 * expected), runs
for run in runs:
    assert run["real_time"] > 0 and run["iterations"] > 0, run
    assert run["run_type"] == "iteration" and run["time_unit"] == "ns", run
'
