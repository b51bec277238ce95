// A failure that is told in one sentence, without a stack: the person at the keyboard can do something about it.

/** Ends the program with its message on standard error. Exit code 1: it did not work; 2: it was called wrongly. */
export class Failure extends Error {
  override name = 'Failure';
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
