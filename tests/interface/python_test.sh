#!/usr/bin/env bash
# python_test.sh SCRIPT ARG...: runs a test that is written in Python.
set -euo pipefail
exec python3 "$@"
