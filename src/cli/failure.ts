// A failure that is told in one sentence, without a stack: the person at the keyboard can do something about it.
import type { ExitCode } from './exit-code.ts';

/** Ends the program with its message on standard error and its exit code (`exit-code.ts`). */
export class Failure extends Error {
  override name = 'Failure';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
