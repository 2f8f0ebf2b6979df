import { type CompletionFlag, type CompletionNode, GLOBAL_WORDS } from './completion-model.ts';

/** A script for fish 3, for a file `skerry.fish` of its completions or to be sourced. */
export function fishScript(nodes: readonly CompletionNode[]): string {
  return `# Completion of skerry for fish: skerry completion fish | source
function __skerry_at
    set -l words (commandline -opc)
    set -l path ''
    set -l is_value 0
    for word in $words[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        if test -z "$path"
            if contains -- $word ${GLOBAL_WORDS.join(' ')}
                set is_value 1
                continue
            end
            string match -q -- '--*=*' $word; and continue
        end
        set -l next (string trim -- "$path $word")
        contains -- $next ${nodes
          .filter(({ path }) => path !== '')
          .map(({ path }) => quoted(path))
          .join(' ')}; or break
        set path $next
    end
    test "$path" = "$argv[1]"
end
complete -c skerry -f
${nodes.flatMap(linesOf).join('\n')}
`;
}

function linesOf(node: CompletionNode): string[] {
  const at = `complete -c skerry -n ${quoted(`__skerry_at ${quoted(node.path)}`)}`;
  return [
    ...node.words.map(
      ({ word, what }) => `${at} -a ${quoted(word)}${what === '' ? '' : ` -d ${quoted(what)}`}`,
    ),
    ...(node.takesFile ? [`${at} -F`] : []),
    ...node.flags.map((flag) => `${at} ${flagText(flag)}`),
  ];
}

function flagText({ name, short, what, value }: CompletionFlag): string {
  const names = `-l ${name.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
  return `${names}${valueText(value)} -d ${quoted(what)}`;
}

function valueText(value: CompletionFlag['value']): string {
  if (value === 'none') return '';
  if (value === 'any') return ' -x';
  if (value === 'file') return ' -r -F';
  if (value === 'folder') return ` -x -a ${quoted('(__fish_complete_directories)')}`;
  return ` -x -a ${quoted(value.join(' '))}`;
}

/** A word in single quotes, in which fish reads backslashes before quotes and backslashes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
