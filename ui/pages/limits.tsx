// The limits of a virtual host or a user, and how they are set and lifted.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import { Facts, Section } from '../components/parts.tsx';
import { exact } from '../format.ts';
import { useLive } from '../live.ts';

type Limits = Readonly<Record<string, number>>;

/** What can be limited, with its words. */
const limitsOf = {
  'vhost-limits': [
    ['max-connections', 'Connections'],
    ['max-queues', 'Queues'],
  ],
  'user-limits': [
    ['max-connections', 'Connections'],
    ['max-channels', 'Channels'],
  ],
} as const;

type LimitsKind = keyof typeof limitsOf;

export function LimitsSection({ kind, name }: { kind: LimitsKind; name: string }): JSX.Element {
  const limits = useLive<{ value: Limits }[]>(api`${kind}/${name}`).data?.[0]?.value ?? {};
  return (
    <Section
      title="Limits"
      actions={
        <button type="button" onClick={() => setLimits(kind, name, limits)}>
          Set limits
        </button>
      }
    >
      <Facts facts={limitsOf[kind].map(([id, title]) => [title, limitText(limits[id])])} />
    </Section>
  );
}

function limitText(limit: number | undefined): string {
  return limit === undefined || limit < 0 ? 'no limit' : `at most ${exact(limit)}`;
}

function setLimits(kind: LimitsKind, name: string, limits: Limits): void {
  openForm({
    title: `Limits of ${name}`,
    verb: 'Set limits',
    intro: <p>Nothing typed is no limit. What is open now stays open, though it is more.</p>,
    fields: limitsOf[kind].map(([id, label]) => {
      const limit = limits[id];
      return { name: id, label, kind: 'number', ...(limit === undefined || limit < 0 ? {} : { value: limit }) };
    }),
    act: async values => {
      for (const [id] of limitsOf[kind]) {
        const value: number | undefined = values[id];
        if (value === limits[id]) continue;
        const path = api`${kind}/${name}/${id}`;
        await (value === undefined ? send('DELETE', path) : send('PUT', path, { value }));
      }
      return `${name}: ${limitsOf[kind].map(([id, title]) => `${title.toLowerCase()} ${limitText(values[id])}`).join(', ')}.`;
    },
  });
}
