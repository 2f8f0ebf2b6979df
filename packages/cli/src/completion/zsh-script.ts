import { type CompletionNode, GLOBAL_WORDS } from './completion-model.ts';

/** A script for zsh 5, for a file `_skerry` of `$fpath` or to be sourced after `compinit`. */
export function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef skerry
# Completion of skerry for zsh: source <(skerry completion zsh)
# Prints what may stand at the end of the given words, one candidate with its meaning a line; <file>, <folder>: files.
_skerry_candidates() {
  local path="" next="" index=2 current="\${@[-1]}" previous="\${@[-2]}"
  while (( index < $# )); do
    if [[ -z "$path" ]]; then
      case "\${@[index]}" in
        ${GLOBAL_WORDS.join('|')}) (( index += 2 )); continue ;;
        --*=*) (( index++ )); continue ;;
      esac
    fi
    next="\${path:+$path }\${@[index]}"
    case "$next" in
      ${nodes
        .filter(({ path }) => path !== '')
        .map(({ path }) => quoted(path))
        .join('|')}) path="$next" ;;
      *) break ;;
    esac
    (( index++ ))
  done
  case "$path $previous" in
${nodes.flatMap(valueArms).join('\n')}
  esac
  case "$path" in
${nodes.map(armOf).join('\n')}
  esac
}
_skerry() {
  local -a candidates
  candidates=("\${(@f)$(_skerry_candidates "\${(@)words[1,CURRENT]}")}")
  case "\${candidates[1]}" in
    '<file>') _files ;;
    '<folder>') _files -/ ;;
    *) _describe 'skerry' candidates ;;
  esac
}
(( $+functions[compdef] )) && compdef _skerry skerry
`;
}

function armOf({ path, words, flags, takesFile }: CompletionNode): string {
  const print = (lines: readonly string[]): string =>
    lines.length === 0 ? ':' : `print -rl -- ${lines.map(quoted).join(' ')}`;
  const ofFlags = print(flags.map(({ name, what }) => line(name, what)));
  const ofWords = takesFile ? print(['<file>']) : print(words.map(({ word, what }) => line(word, what)));
  return `    ${quoted(path)}) if [[ "$current" == -* ]]; then ${ofFlags}; else ${ofWords}; fi ;;`;
}

function valueArms({ path, flags }: CompletionNode): string[] {
  return flags.flatMap(({ name, short, value }) => {
    if (value === 'none') return [];
    const names = [name, ...(short === undefined ? [] : [short])].map((one) => quoted(`${path} ${one}`));
    return [`    ${names.join('|')}) ${printed(value)}; return ;;`];
  });
}

function printed(value: Exclude<CompletionNode['flags'][number]['value'], 'none'>): string {
  if (value === 'any') return ':';
  if (typeof value === 'string') return `print -r -- ${quoted(`<${value}>`)}`;
  return `print -rl -- ${value.map(quoted).join(' ')}`;
}

/** `_describe` parts word and meaning at the first colon that has no backslash. */
function line(word: string, what: string): string {
  const name = word.replaceAll(':', '\\:');
  return what === '' ? name : `${name}:${what}`;
}

/** A word in single quotes: nothing of the definitions is run by the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
