// `leveret completion`: what makes a shell ask `leveret __complete` on Tab.
import { Argument, Command } from 'commander';

const BASH = `# bash: source <(leveret completion bash), or save this as /etc/bash_completion.d/leveret
_leveret() {
  local cur words cword value
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: cur words cword
  else
    cur=\${COMP_WORDS[COMP_CWORD]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("$(printf '%q' "$value")")
  done < <(leveret __complete -- "\${words[@]:1:cword}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F _leveret leveret
`;

const ZSH = `#compdef leveret
# zsh: source <(leveret completion zsh), or save this as _leveret in a folder of $fpath
_leveret() {
  local value description
  local -a found
  while IFS=$'\\t' read -r value description; do
    found+=("\${value//:/\\\\:}\${description:+:$description}")
  done < <(leveret __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe leveret found; else _files; fi
}
if [[ $funcstack[1] == _leveret ]]; then _leveret "$@"; else compdef _leveret leveret; fi
`;

const FISH = `# fish: leveret completion fish | source, or save this as ~/.config/fish/completions/leveret.fish
function __leveret_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (leveret __complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c leveret -f -a '(__leveret_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;

const NOTES = `
Names of queues, exchanges, users, virtual hosts and connections are completed, too, when the broker of LEVERET_URL answers.

To have it in every shell:
  bash: echo 'source <(leveret completion bash)' >> ~/.bashrc
  zsh:  echo 'source <(leveret completion zsh)' >> ~/.zshrc      (after compinit)
  fish: leveret completion fish > ~/.config/fish/completions/leveret.fish
`;

/** The command. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('Prints what makes a shell complete the commands of leveret.')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', NOTES)
    .action((shell: keyof typeof SCRIPTS) => void process.stdout.write(SCRIPTS[shell]));
}
