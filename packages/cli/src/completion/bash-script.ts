import { type CompletionNode, GLOBAL_WORDS } from './completion-model.ts';

/** A script for bash 3.2 and later, to be sourced. */
export function bashScript(nodes: readonly CompletionNode[]): string {
  return `# Completion of skerry for bash: source <(skerry completion bash)
_skerry() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" next="" flags="" kind="" index=1
  while [ "$index" -lt "$COMP_CWORD" ]; do
    if [ -z "$path" ]; then
      case "\${COMP_WORDS[index]}" in
        ${GLOBAL_WORDS.join('|')})
          if [ "\${COMP_WORDS[index+1]}" = "=" ]; then index=$((index + 3)); else index=$((index + 2)); fi
          continue ;;
      esac
    fi
    next="\${path:+$path }\${COMP_WORDS[index]}"
    case "$next" in
      ${nodes
        .filter(({ path }) => path !== '')
        .map(({ path }) => quoted(path))
        .join('|')}) path="$next" ;;
      *) break ;;
    esac
    index=$((index + 1))
  done
  next=""
  case "$path" in
${nodes.map(armOf).join('\n')}
  esac
  case "$path $previous" in
${nodes.flatMap(valueArms).join('\n')}
  esac
  COMPREPLY=()
  case "$kind" in
    words) COMPREPLY=($(compgen -W "$next" -- "$current")) ;;
    file) COMPREPLY=($(compgen -f -- "$current")) ;;
    folder) COMPREPLY=($(compgen -d -- "$current")) ;;
    any) ;;
    *)
      case "$current" in
        -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
        *)
          if [ "$next" = "<file>" ]; then COMPREPLY=($(compgen -f -- "$current"))
          else COMPREPLY=($(compgen -W "$next" -- "$current")); fi ;;
      esac ;;
  esac
}
complete -o filenames -F _skerry skerry
`;
}

function armOf({ path, words, flags, takesFile }: CompletionNode): string {
  const next = takesFile ? '<file>' : words.map(({ word }) => word).join(' ');
  return `    ${quoted(path)}) next=${quoted(next)}; flags=${quoted(flags.map(({ name }) => name).join(' '))} ;;`;
}

function valueArms({ path, flags }: CompletionNode): string[] {
  return flags.flatMap(({ name, short, value }) => {
    if (value === 'none') return [];
    const names = [name, ...(short === undefined ? [] : [short])]
      .map((one) => quoted(`${path} ${one}`))
      .join('|');
    if (typeof value === 'string') return [`    ${names}) kind=${value} ;;`];
    return [`    ${names}) kind=words; next=${quoted(value.join(' '))} ;;`];
  });
}

/** A word in single quotes: nothing of the definitions is run by the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
