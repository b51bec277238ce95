// Bindings as a table, and how they are made and undone.
import type { JSX } from 'preact';
import { api, read, send, withQuery } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { Empty } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { exchangeName, tableText } from '../stats.ts';
import type { Binding } from '../types.ts';
import { link } from '../url.ts';

/** `end` is the end of the bindings that is not the page's own object. */
export function BindingTable({
  bindings,
  end,
}: {
  bindings: readonly Binding[];
  end: 'source' | 'destination';
}): JSX.Element {
  if (bindings.length === 0) {
    return (
      <Empty title="No bindings">
        <p>
          {end === 'source'
            ? 'Only the default exchange brings messages here.'
            : 'What is published to it has nowhere to go.'}
        </p>
      </Empty>
    );
  }
  return (
    <Table
      label="Bindings"
      rows={bindings}
      keyOf={binding =>
        `${binding.source} ${binding.destination_type} ${binding.destination} ${binding.properties_key}`
      }
      columns={[
        {
          id: 'end',
          title: end === 'source' ? 'Exchange' : 'To',
          cell: binding => <End binding={binding} end={end} />,
        },
        { id: 'key', title: 'Routing key', word: 'routingKey', cell: binding => <code>{binding.routing_key}</code> },
        { id: 'arguments', title: 'Arguments', cell: binding => tableText(binding.arguments) },
        {
          id: 'act',
          title: 'Unbind',
          cell: binding =>
            binding.source === '' ? (
              <span class="muted">always there</span>
            ) : (
              <button type="button" class="small" onClick={() => unbind(binding)}>
                Unbind
              </button>
            ),
        },
      ]}
    />
  );
}

function End({ binding, end }: { binding: Binding; end: 'source' | 'destination' }): JSX.Element {
  const name = binding[end];
  const kind = end === 'source' || binding.destination_type === 'exchange' ? 'exchanges' : 'queues';
  return (
    <>
      <a href={link([kind, binding.vhost, name])}>{kind === 'exchanges' ? exchangeName(name) : name}</a>
      {end === 'destination' && <small class="muted">{binding.destination_type}</small>}
    </>
  );
}

/** Asks for the ends that are not given, and binds. */
export async function bind(vhost: string, known: Partial<Binding>): Promise<void> {
  const query = { page: 1, page_size: 100, columns: 'name' };
  const names = async (path: string): Promise<string[]> => {
    const { items } = await read<{ items: { name: string }[] }>(withQuery(path, query)).catch(() => ({ items: [] }));
    return items.map(({ name }) => name).filter(Boolean);
  };
  const exchanges = await names(api`exchanges/${vhost}`);
  const queues = known.destination === undefined ? await names(api`queues/${vhost}`) : [];
  openForm({
    title: known.destination === undefined ? `Bind to ${known.source}` : `Bind ${known.destination}`,
    verb: 'Bind',
    fields: [
      ...(known.source === undefined
        ? [{ name: 'source', label: 'From the exchange', kind: 'text' as const, required: true, known: exchanges }]
        : []),
      ...(known.destination === undefined
        ? [
            {
              name: 'destination_type',
              label: 'To a',
              kind: 'select' as const,
              value: 'queue',
              options: [
                { value: 'queue', label: 'queue' },
                { value: 'exchange', label: 'exchange' },
              ],
            },
            {
              name: 'destination',
              label: 'Named',
              kind: 'text' as const,
              required: true,
              known: [...queues, ...exchanges],
            },
          ]
        : []),
      {
        name: 'routing_key',
        label: 'Routing key',
        kind: 'text',
        hint: 'In a topic exchange * stands for one word and # for any number.',
      },
      {
        name: 'arguments',
        label: 'Arguments',
        kind: 'table',
        known: ['x-match'],
        hint: 'A headers exchange compares these with the headers.',
      },
    ],
    act: async values => {
      const { source = '', destination = '', destination_type } = { ...values, ...known } as Partial<Binding>;
      const { routing_key, arguments: table } = values;
      await send('POST', bindingPath(vhost, source, destination, destination_type), { routing_key, arguments: table });
      return `Bound ${destination} to ${source}.`;
    },
  });
}

function unbind(binding: Binding): void {
  const { source, destination, destination_type, vhost, properties_key } = binding;
  askDanger({
    title: `Unbind ${destination} from ${source}?`,
    verb: 'Unbind',
    loss: (
      <p>
        Messages with the key <code>{binding.routing_key || '(empty)'}</code> will not come this way any more. Nothing
        that is in a queue is lost.
      </p>
    ),
    act: async () => {
      const path = bindingPath(vhost, source, destination, destination_type);
      await send('DELETE', `${path}/${encodeURIComponent(properties_key)}`);
      return `Unbound ${destination} from ${source}.`;
    },
  });
}

function bindingPath(
  vhost: string,
  source: string,
  destination: string,
  type: Binding['destination_type'] | undefined,
): string {
  return type === 'exchange'
    ? api`bindings/${vhost}/e/${source}/e/${destination}`
    : api`bindings/${vhost}/e/${source}/q/${destination}`;
}
