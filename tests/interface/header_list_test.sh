#!/usr/bin/env bash
# header_list_test.sh OFFERED HEADER...: the headers that headers_test checks are
# those that the engine's targets for users offer. OFFERED lists their labels.
set -euo pipefail

offered=$(sed 's|^//[a-z/]*:||' "$1" | sort)
shift
checked=$(printf '%s\n' "$@" | sort)
diff <(echo "$offered") <(echo "$checked") || {
  echo 'PUBLIC_HEADERS in tests/interface/BUILD.bazel is not what is offered' >&2
  exit 1
}
