#!/usr/bin/env bash
# Loads the completion scripts into bash, zsh and fish, and completes with them.
set -euo pipefail

appcache=$PWD/tools/appcache
installed=$PWD/tools/completion
driver=$PWD/tests/command/complete_in_zsh.zsh
export HOME=$TEST_TMPDIR XDG_CACHE_HOME=$TEST_TMPDIR/cache
export LC_ALL=C
unset XDG_CONFIG_HOME XDG_DATA_HOME APPCACHE_CACHE
cd "$TEST_TMPDIR"
for shell in bash zsh fish; do
  "$appcache" completion "$shell" > "completion.$shell"
done
# The files of an installation are the same scripts.
for file in bash/appcache zsh/_appcache fish/appcache.fish; do
  cmp "$installed/$file" "completion.${file%%/*}"
done
mkdir files
cd files
: > report.dump
: > 'a b.dump'

failures=0

# fail TEXT...
fail() {
  echo "FAILED: $*"
  ((failures += 1))
}

# expect SHELL LINE WANTED ACTUAL
expect() {
  [[ $3 == "$4" ]] || fail "$1 completes '$2' to '$4', not to '$3'"
}

# The words that bash offers at the end of the arguments, which are the words as
# bash splits them: --by=s is three. "<files>" means that readline completes the
# name of a file.
in_bash() {
  # shellcheck disable=SC2016
  bash --norc -c '
    compopt() { [[ $* != "-o default" ]] || files="<files>"; }
    # As in the package bash-completion.
    if [[ ${WITH_PACKAGE-} ]]; then
      _command_offset() { COMPREPLY=("offset $1"); }
    fi
    source ../completion.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) files=
    _appcache
    echo $files "${COMPREPLY[@]}"
  ' bash appcache "$@"
}

# bash WANTED WORD...
bash_completes() {
  expect bash "${*:2}" "$1" "$(in_bash "${@:2}")"
}

# The words that fish offers at the end of a line, without descriptions.
in_fish() {
  # shellcheck disable=SC2016
  fish --no-config -c '
    complete -c tool -f -l flag
    source ../completion.fish
    complete -C $argv[1]' -- "$1" | cut --fields=1 | join_lines
}

# fish WANTED LINE
fish_completes() {
  expect fish "$2" "$1" "$(in_fish "$2")"
}

commands=()
while read -r name; do
  commands+=("$name")
done < <("$appcache" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
((${#commands[@]} > 10)) || fail "the help lists ${#commands[@]} commands"

# Prints the long options in the help of the command $1, and "--" if that is
# required.
long_options() {
  "$appcache" "$1" --help | grep --only-matching --perl-regexp \
    '^  (-h,)?\K--[a-z-]+'
  [[ $1 != exec ]] || echo --
}

# Sorts lines, and joins them with blanks.
join_lines() { sort | paste -sd ' '; }

# Every command and every option is offered in every shell.
sorted=$(printf '%s\n' "${commands[@]}" | join_lines)
bash_completes "${commands[*]} -h --help -V --version" ''
fish_completes "$sorted" 'appcache '
zsh_lines=('appcache ')
declare -A options_of
for command in "${commands[@]}"; do
  options=$(long_options "$command")
  [[ $options == *--help* ]] || fail "$command has no option --help"
  options_of[$command]=$(join_lines <<< "$options")
  expect fish "$command --" "${options_of[$command]}" \
    "$(in_fish "appcache $command --")"
  # bash offers -- to every command.
  expect bash "$command --" \
    "$(printf '%s\n' "$options" -- | sort -u | paste -sd ' ')" \
    "$(in_bash "$command" -- | tr ' ' '\n' | join_lines)"
  zsh_lines+=("appcache $command --")
done

# Beginnings of words.
bash_completes 'set stats' s
bash_completes '--json' get --j
bash_completes '' get --nope
bash_completes '' nope ''
fish_completes '--json' 'appcache get --j'
fish_completes '' 'appcache get --nope'

# Values that are choices, in both forms.
bash_completes 'size age use' top --by ''
bash_completes 'size' top --by = s
bash_completes 'arc' replay --format a
bash_completes 'cachelib-kv cachelib-block' mrc --format cache
bash_completes 'size age use' top --by =
bash_completes 'cwd env: file:' exec --scope ''
fish_completes 'age size use' 'appcache top --by '
fish_completes 'off on' 'appcache mrc --ttl '
fish_completes '--by=size' 'appcache top --by=s'
fish_completes 'cwd env: file:' 'appcache exec --scope '
export APPCACHE_COMPLETED=1
bash_completes 'APPCACHE_COMPLETED' exec --scope env : APPCACHE_COM
bash_completes 'APPCACHE_COMPLETED' exec --scope = env : APPCACHE_COM
bash_completes '<files>' exec --scope = file : re
bash_completes '' get env : APPCACHE_COM

# Values without a choice, and the next word after an optional value.
bash_completes '' exec --ttl ''
fish_completes '' 'appcache exec --ttl '
bash_completes '--json' stats --watch --j

# Files and caches.
bash_completes '<files>' load r
bash_completes '<files>' dump -- r
bash_completes '<files>' load --cache ''
bash_completes '<files> redis:// redis+unix://' load --cache re
bash_completes '' load --cache redis : //
bash_completes '' get ''
fish_completes 'report.dump' 'appcache load r'
fish_completes 'redis+unix:// redis:// report.dump' 'appcache load --cache re'
fish_completes '' 'appcache get '

# Operands of the other commands.
bash_completes 'bash zsh fish' completion ''
bash_completes 'exec expire' help ex
bash_completes 'exec expire' man ex
fish_completes 'bash fish zsh' 'appcache completion '
fish_completes 'exec expire' 'appcache help ex'

# The command that follows exec --.
bash_completes '--' exec ''
bash_completes '' get -- ''
mkdir bin
printf '#!/bin/sh\n' > bin/appcache-tool
chmod +x bin/appcache-tool
PATH=$PWD/bin:$PATH
bash_completes 'appcache-tool' exec --ttl 1h -- appcache-to
bash_completes '<files>' exec -- ./re
bash_completes '<files>' exec -- cat re
WITH_PACKAGE=1 bash_completes 'offset 5' exec --ttl 1h -- cat re
fish_completes '--' 'appcache exec '
fish_completes 'appcache-tool' 'appcache exec --ttl 1h -- appcache-to'
fish_completes '--flag' 'appcache exec -- tool --fl'
fish_completes 'report.dump' 'appcache exec -- cat re'
fish_completes '' 'appcache get -- '

# zsh, in one session.
zsh_lines+=(
  'appcache get --j' 'appcache get --nope' 'appcache --'
  'appcache top --by ' 'appcache top --by=s'
  'appcache exec --scope ' 'appcache exec --scope env:APPCACHE_COM'
  'appcache exec --scope=file:re' 'appcache exec --ttl '
  'appcache load r' 'appcache load --cache re' 'appcache get '
  'appcache completion ' 'appcache help ex' 'appcache exec '
  'appcache exec --ttl 1h -- appcache-to' 'appcache exec -- cat re'
  'appcache get -- '
)
zsh -f "$driver" ../completion.zsh "${zsh_lines[@]}" |
  sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g' > ../listed

# zsh_lists LINE WANTED
zsh_lists() {
  local line=$1 listed
  # Without the line itself, which is drawn twice, and without descriptions.
  listed=$(awk -v line="== $line" '
    /^== / { here = ($0 == line); next }
    here' ../listed |
    grep --invert-match --fixed-strings -- "${line%% }" | sed 's/  *-- .*//' |
    tr --squeeze-repeats ' ' '\n' | sed '/^$/d' | join_lines)
  expect zsh "$line" "$2" "$listed"
}

zsh_lists 'appcache ' "$sorted"
for command in "${commands[@]}"; do
  zsh_lists "appcache $command --" "${options_of[$command]}"
done
grep --quiet -- '--json *-- Print the result as JSON' ../listed ||
  fail 'zsh does not show descriptions'
zsh_lists 'appcache get --j' '--json'
zsh_lists 'appcache get --nope' ''
zsh_lists 'appcache --' '--help --version'
zsh_lists 'appcache top --by ' 'age size use'
zsh_lists 'appcache top --by=s' 'size'
zsh_lists 'appcache exec --scope ' 'cwd env: file:'
zsh_lists 'appcache exec --scope env:APPCACHE_COM' 'APPCACHE_COMPLETED'
zsh_lists 'appcache exec --scope=file:re' 'report.dump'
zsh_lists 'appcache exec --ttl ' ''
zsh_lists 'appcache load r' 'report.dump'
zsh_lists 'appcache load --cache re' 'redis+unix:// redis:// report.dump'
zsh_lists 'appcache get ' ''
zsh_lists 'appcache completion ' 'bash fish zsh'
zsh_lists 'appcache help ex' 'exec expire'
zsh_lists 'appcache exec ' '--'
zsh_lists 'appcache exec --ttl 1h -- appcache-to' 'appcache-tool'
zsh_lists 'appcache exec -- cat re' 'report.dump'
zsh_lists 'appcache get -- ' ''

# As an installed file, which zsh loads when it first completes the command.
mkdir ../functions
cp "$installed/zsh/_appcache" ../functions
# shellcheck disable=SC2016
echo 'fpath=("$HOME/functions" $fpath); compinit -D -u' > ../install.zsh
listed=$(zsh -f "$driver" ../install.zsh 'appcache top --by ')
[[ $listed == *age*size*use* ]] || fail 'zsh does not load _appcache'

if ((failures)); then
  echo "zsh printed:"
  cat -v ../listed
  exit 1
fi
