// The version of this package, as package.json has it.
import { readFileSync } from 'node:fs';

const description = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Leveret's own version, for example `0.1.0`. */
export const VERSION: string = description.version;
