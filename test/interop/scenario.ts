// Runs a program that prints `ok <step>` after each step of a scenario, and expects all of them.
import { expect } from 'vitest';
import { Program } from './program.ts';

/** The program is told the broker in `AMQP_URL`. */
export async function scenario(
  broker: { url: string },
  command: string,
  parameters: string[],
  steps: string[],
): Promise<void> {
  const program = new Program(command, parameters, { AMQP_URL: broker.url });
  const ending = await program.end(60_000);
  // The output first: where it differs, the traceback is in it.
  expect(program.lines).toEqual(steps.map(step => `ok ${step}`));
  expect(ending).toEqual({ code: 0, signal: null });
}
