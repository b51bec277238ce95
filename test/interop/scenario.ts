// A scenario in another language: a program that prints `ok <step>` after each step that went as it should.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';

/** What most of these programs do first. */
export const usualSteps = [
  'confirms',
  'returns',
  'settlements',
  'redelivery',
  'properties',
  'routing',
  'transactions',
] as const;

export interface Scenario {
  /** The Debian packages without which it is left out. */
  readonly packages: Parameters<typeof lacks>;
  readonly command: string;
  readonly parameters?: string[];
  /** All that the program does, in this order. */
  readonly steps: readonly string[];
  /** Done once, before the broker is there. */
  readonly prepare?: () => Promise<void> | void;
}

/** A suite that runs such a program against a real process, whose address it finds in `AMQP_URL`. */
export function scenarioSuite(client: string, { packages, command, parameters, steps, prepare }: Scenario): void {
  describe.skipIf(lacks(...packages))(client, () => {
    let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
    beforeAll(async () => {
      await prepare?.();
      broker = await givenOrOwnBroker();
    }, 120_000);
    afterAll(() => broker?.dispose());

    test(steps.join(', '), async () => {
      const program = new Program(command, parameters, { AMQP_URL: broker.url });
      const ending = await program.end(60_000);
      // The output first: where it differs, the traceback is in it.
      expect(program.lines).toEqual(steps.map(step => `ok ${step}`));
      expect(ending).toEqual({ code: 0, signal: null });
    }, 90_000);
  });
}
