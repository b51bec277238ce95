// All virtual hosts.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import type { Field, Values } from '../components/fields.tsx';
import { List } from '../components/list.tsx';
import { Amount, Head, Tag } from '../components/parts.tsx';
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
    id: 'tags',
    title: 'Tags',
    fields: ['tags'],
    cell: ({ tags }) => (
      <span class="tags">
        {(tags ?? []).map(tag => (
          <Tag key={tag}>{tag}</Tag>
        ))}
      </span>
    ),
  },
  {
    id: 'default-type',
    title: 'Default queue type',
    fields: ['default_queue_type'],
    extra: true,
    cell: vhost => defaultType(vhost),
  },
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
    fields: [{ name: 'name', label: 'Name', kind: 'text', required: true }, ...vhostFields()],
    act: async values => {
      const { name } = values;
      await send('PUT', api`vhosts/${name}`, saidIn(values));
      await enter();
      go(['admin', 'vhosts', name]);
      return `Added the virtual host ${name}.`;
    },
  });
}

/** RabbitMQ's answer writes none as `undefined`. */
function defaultType({ default_queue_type: type = '' }: VhostInfo): string {
  return type === 'undefined' ? '' : type;
}

/** The fields of what is said of a virtual host. */
export function vhostFields(vhost?: VhostInfo): Field[] {
  return [
    { name: 'description', label: 'Description', kind: 'text', value: vhost?.description ?? '' },
    {
      name: 'tags',
      label: 'Tags',
      kind: 'text',
      value: (vhost?.tags ?? []).join(', '),
      hint: 'Words, with commas between.',
    },
    {
      name: 'default_queue_type',
      label: 'Default queue type',
      kind: 'text',
      value: vhost ? defaultType(vhost) : '',
      hint: 'Kept for definitions that go to RabbitMQ; it has no effect here.',
    },
  ];
}

/** What was said in those fields. */
export function saidIn({ description, tags, default_queue_type }: Values): object {
  return { description, tags, default_queue_type };
}
