// Debian's packages as the subjects of tests: is one there, and what to do when it is not.
import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/** The Python that Debian's python3-* packages are for, whatever `python3` is first on the path. */
export const debianPython = '/usr/bin/python3';

/**
 * The `describe` for a suite that needs Debian packages. Where one of them is missing, the suite is skipped and its name says
 * which; with `CI=true` it fails instead, so that nothing is left out of CI unnoticed.
 * @param packages names as apt knows them
 * @param probe a command, with arguments, that exits 0 when they are there
 */
export function requireDebian(
  packages: string[],
  probe: [string, ...string[]],
): typeof describe | typeof describe.skip {
  const [command, ...parameters] = probe;
  const { status, error } = spawnSync(command, parameters, { stdio: 'ignore', timeout: 30_000 });
  if (!error && status === 0) return describe;
  const advice = `missing Debian packages: apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.env['CI'] === 'true')
    throw new Error(`${advice} (\`${probe.join(' ')}\` failed, and CI=true wants every suite)`);
  console.warn(`skipped, ${advice}`);
  return describe.skip;
}

/** The probe for Python modules of Debian's packages. */
export function pythonImports(...modules: string[]): [string, ...string[]] {
  return [debianPython, '-c', `import ${modules.join(', ')}`];
}
