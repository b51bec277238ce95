// Where property tests begin: with CI=true always at the same place, so that a change is judged by itself; elsewhere anew each time.
// `PROPERTY_SEED=n` repeats a run.
import fc from 'fast-check';

const ci = !['', 'false', '0'].includes(process.env['CI'] ?? '');
const seed = process.env['PROPERTY_SEED'] ?? (ci ? '1' : undefined);
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
