#!/usr/bin/env bash
# Hands the binary under test to its Python half.
set -euo pipefail
exec python3 "$1" "$2"
