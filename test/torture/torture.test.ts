// The short form of the torture; the long one is `npm run torture -- --kills 100`.
import { expect, test } from 'vitest';
import { torture } from './torture.ts';

test('twelve kills under load lose nothing, double nothing and bring nothing back', async () => {
  const seed = Number(process.env['TORTURE_SEED'] ?? Date.now() % 1_000_000);
  const options = { kills: 12, seed, lifeMsMax: 1500, diskAllowance: 9.4e6, strict: !process.env['INTEROP_COMMAND'] };
  const { summary, problems } = await torture(options);
  console.log(summary);
  expect(problems, summary).toEqual([]);
}, 120_000);
