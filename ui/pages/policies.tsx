// All policies, or all operator policies, each with how much it holds for, and the form by which they are set.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { List } from '../components/list.tsx';
import { Head } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { phrase, plural } from '../format.ts';
import { Icon } from '../icons.tsx';
import { policyKeys } from '../known-arguments.ts';
import { vhosts } from '../session.ts';
import { tableText } from '../stats.ts';
import type { Policy, PolicyKind } from '../types.ts';
import { go, link, view } from '../url.ts';
import { vhostField } from './queue-actions.tsx';

/** What each kind is called, and what it is for. */
export const policyWords: Readonly<Record<PolicyKind, { one: string; many: string; lead: string }>> = {
  policies: {
    one: 'policy',
    many: 'policies',
    lead: 'A policy holds for every queue and exchange whose name matches, at once. Of several that match, the one with the highest priority holds.',
  },
  'operator-policies': {
    one: 'operator policy',
    many: 'operator policies',
    lead: 'An operator policy sets bounds to queues: of what it says and what a policy or an argument says, the lower value holds.',
  },
};

/** Each value of apply-to in words. */
const applyWords: Readonly<Record<string, string>> = {
  all: 'queues and exchanges',
  queues: 'queues',
  classic_queues: 'classic queues',
  quorum_queues: 'quorum queues',
  streams: 'streams',
  exchanges: 'exchanges',
};

export function PoliciesPage({ kind }: { kind: PolicyKind }): JSX.Element {
  const vhost = view.value.params['vhost'];
  const { one, many, lead } = policyWords[kind];
  return (
    <>
      <Head title={many.charAt(0).toUpperCase() + many.slice(1)} />
      <p class="lead">{lead}</p>
      <List
        key={vhost}
        path={vhost === undefined ? api`${kind}` : api`${kind}/${vhost}`}
        noun={one}
        nouns={many}
        columns={columnsOf(kind)}
        fields={['name', 'vhost']}
        keyOf={policy => `${policy.vhost} ${policy.name}`}
        actions={
          <button type="button" class="primary" onClick={() => void setPolicy(kind, { vhost: vhost ?? '/' })}>
            <Icon name="plus" />
            Add {kind === 'policies' ? 'a policy' : 'an operator policy'}
          </button>
        }
        empty={
          <Empty title={`No ${many}`}>
            <p>Queues and exchanges are as they were declared.</p>
          </Empty>
        }
      />
    </>
  );
}

function columnsOf(kind: PolicyKind): readonly Column<Policy>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      sort: 'name',
      cell: ({ vhost, name }) => (
        <>
          <a href={link(['admin', kind, vhost, name])}>{name}</a>
          {vhosts.value.length > 1 && <small class="muted">{vhost}</small>}
        </>
      ),
    },
    {
      id: 'pattern',
      title: 'For names like',
      fields: ['pattern'],
      cell: ({ pattern }) => <code>{pattern}</code>,
    },
    { id: 'apply-to', title: 'Of', fields: ['apply-to'], cell: policy => applyText(policy) },
    { id: 'definition', title: 'Says', fields: ['definition'], cell: ({ definition }) => tableText(definition) },
    {
      id: 'priority',
      title: 'Priority',
      number: true,
      sort: 'priority',
      fields: ['priority'],
      cell: ({ priority }) => priority,
    },
    { id: 'holds', title: 'Holds for now', fields: ['holds_for'], cell: policy => holdsText(policy) },
  ];
}

/** What kind of things it is for, in words. */
export function applyText(policy: Policy): string {
  return applyWords[policy['apply-to']] ?? policy['apply-to'];
}

/** `3 queues and 1 exchange`. */
export function holdsText({ holds_for: { queues, exchanges } = { queues: 0, exchanges: 0 } }: Policy): string {
  const parts = [queues > 0 && plural(queues, 'queue'), exchanges > 0 && plural(exchanges, 'exchange')];
  return phrase(parts.filter(part => part !== false)) || 'nothing';
}

/** Asks for all of a policy, and for its name where it has none yet. */
export async function setPolicy(kind: PolicyKind, policy: Partial<Policy>): Promise<void> {
  const { one } = policyWords[kind];
  const { name: old } = policy;
  const keys = await policyKeys(kind === 'operator-policies');
  openForm({
    title: old === undefined ? `Add ${kind === 'policies' ? 'a policy' : 'an operator policy'}` : `Change ${old}`,
    verb: old === undefined ? 'Add it' : 'Save it',
    fields: [
      ...(old !== undefined
        ? []
        : [
            ...(vhosts.value.length > 1 ? [vhostField(policy.vhost ?? '/')] : []),
            { name: 'name', label: 'Name', kind: 'text' as const, required: true },
          ]),
      {
        name: 'pattern',
        label: 'For names like',
        kind: 'text',
        value: policy.pattern ?? '',
        hint: 'A regular expression, searched for in names: ^orders takes all that begin with orders, nothing typed takes all.',
      },
      {
        name: 'apply-to',
        label: 'Of',
        kind: 'select',
        value: policy['apply-to'] ?? (kind === 'policies' ? 'all' : 'queues'),
        options: Object.entries(applyWords).map(([value, label]) => ({ value, label })),
      },
      {
        name: 'priority',
        label: 'Priority',
        kind: 'number',
        value: policy.priority ?? 0,
        least: -1_000_000,
        hint: 'Of several that match the same, the highest holds.',
      },
      { name: 'definition', label: 'Says', kind: 'table', value: policy.definition ?? {}, keys },
    ],
    act: async ({ vhost = policy.vhost ?? '/', name = old, pattern, priority = 0, definition, ...rest }) => {
      const body = { pattern, 'apply-to': rest['apply-to'], priority, definition };
      await send('PUT', api`${kind}/${vhost}/${name}`, body);
      if (old === undefined) go(['admin', kind, vhost, name]);
      return `${old === undefined ? 'Added' : 'Changed'} the ${one} ${name}.`;
    },
  });
}
