// One policy: what it says, and what it holds for now.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { askDanger } from '../components/dialog.tsx';
import { Facts, Head, Section } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { say } from '../components/toast.tsx';
import { exact, phrase, plural } from '../format.ts';
import { useLive } from '../live.ts';
import { exchangeName } from '../stats.ts';
import type { Policy, PolicyKind } from '../types.ts';
import { go, link } from '../url.ts';
import { settingFacts } from './effective.tsx';
import { applyText, holdsText, policyWords, setPolicy } from './policies.tsx';

export function PolicyPage({ kind, vhost, name }: { kind: PolicyKind; vhost: string; name: string }): JSX.Element {
  const live = useLive<Policy>(api`${kind}/${vhost}/${name}`);
  const policy = live.data;
  const { many } = policyWords[kind];
  return (
    <>
      <Head
        title={name}
        copy={name}
        trail={[
          { title: many.charAt(0).toUpperCase() + many.slice(1), path: ['admin', kind] },
          { title: vhost, path: ['admin', kind], vhost },
        ]}
        actions={
          policy && (
            <>
              <button type="button" onClick={() => void setPolicy(kind, policy)}>
                Change
              </button>
              <button type="button" class="danger" onClick={() => remove(kind, policy)}>
                Delete
              </button>
            </>
          )
        }
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !policy ? (
        <Loading rows={4} />
      ) : (
        <div class="columns">
          <Section title="What it says">
            <Facts
              facts={[
                ['Virtual host', vhost, 'vhost'],
                ['For names like', <code key="pattern">{policy.pattern || '(all)'}</code>],
                ['Of', applyText(policy)],
                ['Priority', String(policy.priority)],
                ...settingFacts(policy.definition),
              ]}
            />
          </Section>
          <Section title={`Holds for ${holdsText(policy)}`}>
            <HeldNames policy={policy} />
          </Section>
        </div>
      )}
    </>
  );
}

function HeldNames({ policy }: { policy: Policy }): JSX.Element {
  const { vhost, queues = [], exchanges = [], holds_for: held, overruled = 0, overruled_by: others = [] } = policy;
  const more = (held?.queues ?? 0) + (held?.exchanges ?? 0) - queues.length - exchanges.length;
  return (
    <>
      {queues.length + exchanges.length === 0 && (
        <Empty title="Nothing matches now">
          <p>It will hold for what is declared later and matches.</p>
        </Empty>
      )}
      <Names title="Queues" kind="queues" vhost={vhost} names={queues} />
      <Names title="Exchanges" kind="exchanges" vhost={vhost} names={exchanges} />
      {more > 0 && <p class="muted">and {exact(more)} more</p>}
      {overruled > 0 && (
        <p>
          It matches {plural(overruled, 'more', 'more')}, for which {phrase(others)}{' '}
          {others.length === 1 ? 'holds' : 'hold'}.
        </p>
      )}
    </>
  );
}

interface NamesProps {
  readonly title: string;
  readonly kind: 'queues' | 'exchanges';
  readonly vhost: string;
  readonly names: readonly string[];
}

function Names({ title, kind, vhost, names }: NamesProps): JSX.Element | null {
  if (names.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="names" aria-label={title}>
        {names.map(name => (
          <li key={name}>
            <a href={link([kind, vhost, name])}>{exchangeName(name)}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

function remove(kind: PolicyKind, policy: Policy): void {
  const { vhost, name } = policy;
  const { one } = policyWords[kind];
  askDanger({
    title: `Delete the ${one} ${name}?`,
    verb: `Delete the ${one}`,
    loss: (
      <p>
        It holds for <b>{holdsText(policy)}</b> now. For those the next one that matches will hold, or what they were
        declared with. No message is lost by that, unless it is over a limit that then holds.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`${kind}/${vhost}/${name}`);
      go(['admin', kind]);
      say(`Deleted the ${one} ${name}.`);
      return undefined;
    },
  });
}
