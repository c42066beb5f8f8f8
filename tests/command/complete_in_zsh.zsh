# Prints what zsh lists at the end of each LINE.
#
# Usage: zsh -f complete_in_zsh.zsh SCRIPT LINE...
#
# An interactive zsh runs in a terminal of its own. Each step prints a mark,
# for which this script waits.

zmodload zsh/zpty

# Waits for the mark; $out is what was printed before it.
await_mark() {
  zpty -r -m shell out '*ENDMARK*' || { print "zsh ended: $out"; exit 1 }
  out=${out%ENDMARK*}
}

run() {
  zpty -w shell "$1; print -r -- END''MARK"
  await_mark
}

zpty shell zsh -f -i
run 'stty rows 100 columns 400; PS1= PS2= RPS1='
run 'autoload -Uz compinit; compinit -D -u; LISTMAX=0; setopt no_beep'
run 'zstyle ":completion:*" verbose yes'
run "source $1"
# Tab lists the matches, draws them, prints the mark and empties the line.
run 'list() { zle list-choices; zle -R; zle -I; print -r -- END"MARK"
  zle kill-whole-line }; zle -N list; bindkey "^I" list'
shift
for line in "$@"; do
  zpty -n -w shell $line$'\t'
  await_mark
  print -r -- "== $line"
  print -r -- "$out"
done
zpty -d shell
