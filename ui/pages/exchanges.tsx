// All exchanges.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { List } from '../components/list.tsx';
import { Head, Tag } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { rate } from '../format.ts';
import { Icon } from '../icons.tsx';
import { argumentsOf } from '../known-arguments.ts';
import { vhosts } from '../session.ts';
import { exchangeName, rateOf, tableText } from '../stats.ts';
import type { Exchange } from '../types.ts';
import { go, link, view } from '../url.ts';
import { vhostField } from './queue-actions.tsx';

const columns: readonly Column<Exchange>[] = [
  {
    id: 'name',
    title: 'Name',
    sort: 'name',
    cell: exchange => (
      <>
        <a href={link(['exchanges', exchange.vhost, exchange.name])}>{exchangeName(exchange.name)}</a>
        {vhosts.value.length > 1 && view.value.params['vhost'] === undefined && (
          <small class="muted">{exchange.vhost}</small>
        )}
      </>
    ),
  },
  { id: 'vhost', title: 'Virtual host', word: 'vhost', sort: 'vhost', extra: true, cell: exchange => exchange.vhost },
  { id: 'type', title: 'Type', word: 'exchange', sort: 'type', fields: ['type'], cell: exchange => exchange.type },
  {
    id: 'features',
    title: 'Features',
    word: 'features',
    fields: ['durable', 'auto_delete', 'internal', 'arguments'],
    cell: exchange => <ExchangeFeatures exchange={exchange} />,
  },
  {
    id: 'policy',
    title: 'Policy',
    sort: 'policy',
    fields: ['policy'],
    extra: true,
    cell: exchange => exchange.policy ?? '',
  },
  {
    id: 'in',
    title: 'In',
    number: true,
    sort: 'message_stats.publish_in_details.rate',
    fields: ['message_stats.publish_in_details.rate'],
    cell: exchange => rate(rateOf(exchange.message_stats, 'publish_in')),
  },
  {
    id: 'out',
    title: 'Out',
    number: true,
    sort: 'message_stats.publish_out_details.rate',
    fields: ['message_stats.publish_out_details.rate'],
    cell: exchange => rate(rateOf(exchange.message_stats, 'publish_out')),
  },
];

export function ExchangesPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  return (
    <>
      <Head title="Exchanges" />
      <List
        key={vhost}
        path={vhost === undefined ? api`exchanges` : api`exchanges/${vhost}`}
        noun="exchange"
        columns={columns}
        fields={['name', 'vhost']}
        keyOf={exchange => `${exchange.vhost} ${exchange.name}`}
        actions={
          <>
            <a class="button" href={link(['try'])}>
              Try a key
            </a>
            <button type="button" class="primary" onClick={() => void declareExchange(vhost ?? vhosts.value[0] ?? '/')}>
              <Icon name="plus" />
              Declare an exchange
            </button>
          </>
        }
        empty={<Empty title="No exchange that you may see" />}
      />
    </>
  );
}

function ExchangeFeatures({ exchange }: { exchange: Exchange }): JSX.Element {
  const table = tableText(exchange.arguments);
  return (
    <span class="tags">
      {exchange.durable && <Tag title="Durable: it is there again after a restart">D</Tag>}
      {exchange.auto_delete && <Tag title="Auto-delete: it goes with its last binding">AD</Tag>}
      {exchange.internal && <Tag title="Internal: publishers cannot use it">I</Tag>}
      {table && <Tag title={table}>Args</Tag>}
    </span>
  );
}

async function declareExchange(vhost: string): Promise<void> {
  const keys = await argumentsOf('exchange');
  openForm({
    title: 'Declare an exchange',
    verb: 'Declare',
    fields: [
      ...(vhosts.value.length > 1 ? [vhostField(vhost)] : []),
      { name: 'name', label: 'Name', kind: 'text', required: true },
      {
        name: 'type',
        label: 'Type',
        kind: 'select',
        value: 'direct',
        options: [
          { value: 'direct', label: 'direct: the key must be the same' },
          { value: 'fanout', label: 'fanout: everybody gets it' },
          { value: 'topic', label: 'topic: words of the key, with * and #' },
          { value: 'headers', label: 'headers: headers must be the same' },
          {
            value: 'x-consistent-hash',
            label: 'x-consistent-hash: spreads keys evenly, each always to the same queue',
          },
          { value: 'x-modulus-hash', label: 'x-modulus-hash: the same, by number of queues' },
          { value: 'x-random', label: 'x-random: one queue by chance' },
          { value: 'x-local-random', label: 'x-local-random: the same' },
          { value: 'x-recent-history', label: 'x-recent-history: a new queue gets the last messages' },
          { value: 'x-delayed-message', label: 'x-delayed-message: sends on when the header x-delay says' },
        ],
      },
      {
        name: 'durable',
        label: 'Durable',
        kind: 'check',
        value: true,
        hint: 'It is there again after a restart of the broker.',
      },
      { name: 'auto_delete', label: 'Auto-delete', kind: 'check', hint: 'It goes when its last binding has gone.' },
      { name: 'internal', label: 'Internal', kind: 'check', hint: 'Only other exchanges may give it messages.' },
      { name: 'arguments', label: 'Arguments', kind: 'table', keys },
    ],
    act: async ({ vhost: chosen = vhost, name, type, durable, auto_delete, internal, arguments: table }) => {
      await send('PUT', api`exchanges/${chosen}/${name}`, { type, durable, auto_delete, internal, arguments: table });
      go(['exchanges', chosen, name]);
      return `Declared the exchange ${name}.`;
    },
  });
}
