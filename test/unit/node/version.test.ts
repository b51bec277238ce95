// The short form of the tests on another Node must not run on the installed one by mistake.
import { expect, test } from 'vitest';

const wanted = process.env['LEVERET_NODE'];

test(`runs on Node ${wanted ?? '20.19 or later'}`, () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (wanted) expect(major).toBe(Number(wanted));
  else expect(major * 1000 + minor).toBeGreaterThanOrEqual(20_019);
});
