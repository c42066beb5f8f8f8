#!/usr/bin/env bash
# Passes the script under test to its test in Python.
set -euo pipefail
exec python3 -B "$1" "$2"
