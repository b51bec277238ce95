// The exit codes of every command but `start`, and the words for them in the help.

/** 0 done, 1 it did not work, 2 called wrongly, 3 nobody answers, 4 not allowed, 5 not there. */
export type ExitCode = 1 | 2 | 3 | 4 | 5;

/** What each code means, for the help and the documents. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done; for ping and doctor: well'],
  [1, 'it did not work: the broker refused it, is not well, or the answer to a question was no'],
  [2, 'called wrongly: an unknown option, a missing word, a dangerous command without --yes'],
  [3, 'no broker answers at the url'],
  [4, 'not allowed: a wrong password, or a user who may not do this'],
  [5, 'what the command is about is not there'],
];

/** The exit codes as they stand below a command's help. */
export const EXIT_CODES_HELP: string = `
Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}
`;
