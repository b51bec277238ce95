// All virtual hosts.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { List } from '../components/list.tsx';
import { Amount, Head } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { rate } from '../format.ts';
import { Icon } from '../icons.tsx';
import { enter } from '../session.ts';
import { rateOf } from '../stats.ts';
import type { VhostInfo } from '../types.ts';
import { go, link } from '../url.ts';

const columns: readonly Column<VhostInfo>[] = [
  {
    id: 'name',
    title: 'Name',
    word: 'vhost',
    sort: 'name',
    cell: ({ name }) => <a href={link(['admin', 'vhosts', name])}>{name}</a>,
  },
  { id: 'description', title: 'Description', fields: ['description'], cell: ({ description }) => description },
  {
    id: 'ready',
    title: 'Ready',
    word: 'ready',
    number: true,
    sort: 'messages_ready',
    fields: ['messages_ready'],
    cell: vhost => <Amount of={vhost.messages_ready} colour="ready" />,
  },
  {
    id: 'unacked',
    title: 'Unacked',
    word: 'unacked',
    number: true,
    sort: 'messages_unacknowledged',
    fields: ['messages_unacknowledged'],
    cell: vhost => <Amount of={vhost.messages_unacknowledged} colour="unacked" />,
  },
  speed('publish', 'In'),
  speed('deliver_get', 'Out'),
];

export function VhostsPage(): JSX.Element {
  return (
    <>
      <Head title="Virtual hosts" />
      <List
        path={api`vhosts`}
        noun="virtual host"
        columns={columns}
        fields={['name']}
        keyOf={vhost => vhost.name}
        actions={
          <button type="button" class="primary" onClick={addVhost}>
            <Icon name="plus" />
            Add a virtual host
          </button>
        }
        empty={<Empty title="No virtual hosts" />}
      />
    </>
  );
}

function speed(counter: string, title: string): Column<VhostInfo> {
  const field = `message_stats.${counter}_details.rate`;
  return {
    id: counter,
    title,
    number: true,
    sort: field,
    fields: [field],
    cell: ({ message_stats }) => rate(rateOf(message_stats, counter)),
  };
}

function addVhost(): void {
  openForm({
    title: 'Add a virtual host',
    verb: 'Add it',
    fields: [{ name: 'name', label: 'Name', kind: 'text', required: true }],
    act: async ({ name }) => {
      await send('PUT', api`vhosts/${name}`, {});
      await enter();
      go(['admin', 'vhosts', name]);
      return `Added the virtual host ${name}.`;
    },
  });
}
