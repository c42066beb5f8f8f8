#!/usr/bin/env bash
# The manual pages: complete, correct mdoc, and readable in both formatters.
set -euo pipefail

appcache=$PWD/tools/appcache
export LC_ALL=C.UTF-8
cd tools/man

failures=0

# fail TEXT...
fail() {
  echo "FAILED: $*"
  ((failures += 1))
}

mapfile -t commands < <("$appcache" --help |
  sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
((${#commands[@]} > 10)) || fail "the help lists ${#commands[@]} commands"

# The pages are installed, so one must exist for each command, and no other.
expected=$(printf 'appcache-%s.1\n' "${commands[@]}" | sort)
[[ $(printf '%s\n' appcache-*.1) == "$expected" ]] ||
  fail "COMMANDS in tools/BUILD.bazel differ from the commands: $expected"

sections() { sed -n 's/^\.Sh //p' "$1" | paste -sd ,; }

# check_page FILE HELP-ARGUMENT...
check_page() {
  local file=$1 options
  shift
  # Pages that are not installed here are the only complaint.
  mandoc -T lint -W style "$file" | grep -v 'referenced manual not found' &&
    fail "mandoc complains about $file"
  [[ $(groff -mdoc -ww -T utf8 "$file" 2>&1 > /dev/null) == '' ]] ||
    fail "groff complains about $file"
  # Each option is described once, in the order of the help, and can be pasted
  # into a shell: both formatters print its hyphens in ASCII.
  options=$("$appcache" "$@" --help | grep --only-matching --perl-regexp \
    '^  (-[hV],)?\K--[a-z-]+')
  [[ $(sed -n 's/\\-/-/g; s/^\.It .*Fl \(-[a-z-]*\).*/-\1/p' "$file") == \
    "$options" ]] || fail "$file does not describe the options $options"
  for formatter in 'mandoc -T utf8' 'groff -mdoc -T utf8'; do
    # As text: without colours and overstrikes.
    $formatter "$file" | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' > "$rendered"
    while read -r option; do
      grep --quiet -- "^ *\(-[hV], \)\?$option\b" "$rendered" ||
        fail "$formatter does not print $option of $file"
    done <<< "$options"
    awk 'length > 80 { exit 1 }' "$rendered" ||
      fail "$formatter prints a line of $file that is too long"
  done
}

rendered=$TEST_TMPDIR/rendered
check_page appcache.1
[[ $(sections appcache.1) == "NAME,SYNOPSIS,DESCRIPTION,COMMANDS,OPTIONS,\
ENVIRONMENT,FILES,EXIT STATUS,EXAMPLES,SEE ALSO" ]] ||
  fail "appcache.1 has the sections $(sections appcache.1)"
for command in "${commands[@]}"; do
  check_page "appcache-$command.1" "$command"
  grep --quiet "^\.Xr appcache-$command 1" appcache.1 ||
    fail "appcache.1 does not mention $command"
  case $(sections "appcache-$command.1") in
    *'OPTIONS,ENVIRONMENT,FILES,EXIT STATUS,EXAMPLES,SEE ALSO') ;;
    *'OPTIONS,EXIT STATUS,EXAMPLES,SEE ALSO')
      "$appcache" "$command" --help | grep --quiet APPCACHE_CACHE &&
        fail "appcache-$command.1 has no section ENVIRONMENT"
      ;;
    *) fail "$command has $(sections "appcache-$command.1")" ;;
  esac
  # The page is what the command prints.
  "$appcache" man "$command" | cmp - "appcache-$command.1"
done

# A page as a user reads it.
mandoc -T ascii appcache-exec.1 | sed 's/.\x08//g' > "$rendered"
for text in \
  'appcache-exec - run a command once, then replay its output' \
  'appcache exec \[option ...\] -- COMMAND \[ARG ...\]' \
  '--ttl DURATION' '-h, --help' \
  'The exit status is that of the command: 128 + N' \
  'appcache exec --ttl 10m -- curl -s https://example.com/rates.json'; do
  grep --quiet -- "$text" "$rendered" || fail "no '$text' in appcache-exec.1"
done

((failures == 0))
