// Export and import of definitions.
import type { JSX } from 'preact';
import { api, read, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { Head, Section } from '../components/parts.tsx';
import { say } from '../components/toast.tsx';
import { phrase, plural } from '../format.ts';
import { enter, vhosts } from '../session.ts';
import { view } from '../url.ts';

const everything: readonly { value: string; label: string }[] = [{ value: '', label: 'The whole broker' }];

export function DefinitionsPage(): JSX.Element {
  return (
    <>
      <Head title="Definitions" />
      <div class="columns">
        <Section title="Export">
          <p>
            Users, virtual hosts, permissions, exchanges, queues and bindings as one JSON file, in RabbitMQ's format.
            Messages are not in it.
          </p>
          <form class="row" onSubmit={event => void download(event)}>
            <VhostChoice />
            <button type="submit" class="primary">
              Export
            </button>
          </form>
        </Section>
        <Section title="Import">
          <p>
            A file that Leveret or RabbitMQ exported. What is in it is added or changed; nothing is deleted. Users come
            with the passwords that they had.
          </p>
          <button type="button" onClick={upload}>
            Import a file
          </button>
        </Section>
      </div>
    </>
  );
}

function VhostChoice(): JSX.Element {
  return (
    <select name="vhost" aria-label="What to export">
      {[...everything, ...vhosts.value.map(name => ({ value: name, label: `Only ${name}` }))].map(
        ({ value, label }) => (
          <option key={value} value={value} selected={value === (view.value.params['vhost'] ?? '')}>
            {label}
          </option>
        ),
      )}
    </select>
  );
}

async function download(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const vhost = String(new FormData(event.currentTarget as HTMLFormElement).get('vhost'));
  try {
    const definitions = await read(vhost === '' ? api`definitions` : api`definitions/${vhost}`);
    const url = URL.createObjectURL(new Blob([JSON.stringify(definitions, null, 2)], { type: 'application/json' }));
    const name = vhost === '' ? 'leveret' : vhost.replace(/[^\w-]+/g, '_');
    Object.assign(document.createElement('a'), { href: url, download: `${name}-definitions.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } catch (error) {
    say((error as Error).message, 'bad');
  }
}

function upload(): void {
  openForm({
    title: 'Import definitions',
    verb: 'Import',
    fields: [
      { name: 'file', label: 'File', kind: 'file', required: true },
      {
        name: 'vhost',
        label: 'Into',
        kind: 'select',
        options: [...everything, ...vhosts.value.map(name => ({ value: name, label: `The virtual host ${name}` }))],
        hint: 'A file of one virtual host needs to be told where it goes.',
      },
    ],
    act: async ({ file, vhost }) => {
      const text = await (file as unknown as File).text();
      const definitions = parsed(text);
      await send('POST', vhost ? api`definitions/${vhost}` : api`definitions`, definitions);
      await enter();
      return `Imported ${contents(definitions)}.`;
    },
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new Error(`The file is not JSON: ${(error as Error).message}`);
  }
  throw new Error('The file is JSON, but not definitions: those are one object with lists such as “queues” in it.');
}

function contents(definitions: Record<string, unknown>): string {
  const parts = ['vhost', 'user', 'exchange', 'queue', 'binding'].flatMap(noun => {
    const list = definitions[`${noun}s`];
    return Array.isArray(list) && list.length > 0 ? [plural(list.length, noun)] : [];
  });
  return phrase(parts) || 'nothing: the file was empty';
}
