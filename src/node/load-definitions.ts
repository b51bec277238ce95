// The definitions file that the setting `load_definitions` names: imported at every start, before anybody can connect.
import { readFile } from 'node:fs/promises';
import type { ImportTarget } from '../http/definitions/import.ts';

/** Says why the file cannot be imported. */
class DefinitionsError extends Error {
  override name = 'DefinitionsError';
}

/** Imports the file. @throws DefinitionsError */
export async function loadDefinitions(path: string, target: ImportTarget): Promise<void> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    // Loaded only where it is needed: a start without such a file is to cost nothing more.
    const [{ checked }, { definitionsFile }, { importDefinitions }] = await Promise.all([
      import('../http/body.ts'),
      import('../http/definitions/format.ts'),
      import('../http/definitions/import.ts'),
    ]);
    await importDefinitions(target, checked(definitionsFile, content));
  } catch (error) {
    throw new DefinitionsError(`load_definitions: ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
