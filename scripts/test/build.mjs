// Whether dist/ is what src/ says, and building it when it is not.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { run } from './run.mjs';

/**
 * Builds dist/ when it is missing or older than its sources.
 * @param {number} limitMs
 * @returns {Promise<string>} Why it failed, or ''.
 */
export async function build(limitMs) {
  if (fresh()) return '';
  rmSync('dist', { recursive: true, force: true });
  const result = await run(['npm', 'run', '--silent', 'build'], { limitMs, quiet: true });
  return result.code === 0 ? '' : `npm run build ${result.ending}\n${result.output.trim()}`;
}

/** Every source has its newer output, and no output is left of a source that is gone. */
function fresh() {
  const sources = files('src').filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const outputs = files('dist').filter(file => file.endsWith('.js') && !file.startsWith('ui/'));
  const page = changed('dist/ui/index.html');
  const settings = Math.max(...['package.json', 'tsconfig.json', 'tsconfig.build.json'].map(changed));
  return (
    files('ui').every(file => changed(`ui/${file}`) < page) &&
    settings < page &&
    sources.length === outputs.length &&
    sources.every(source => {
      const output = changed(`dist/${source.replace(/\.ts$/, '.js')}`);
      return output > changed(`src/${source}`) && output > settings;
    })
  );
}

/**
 * The files of a folder, by their path inside it; none when it is not there.
 * @param {string} folder
 * @returns {string[]}
 */
export function files(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
}

/** @param {string} file */
function changed(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}
